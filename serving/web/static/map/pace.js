/** How many points are drawn while the map moves: all of them, or fewer where the frames come too slowly. */

const SLOW_MS = 26;
const FAST_MS = 19;
const STILL_MS = 150; // without a frame for so long, the map stood still
const LEAST = 10000;

/** Watches the time between frames. Weak graphics get the most popular points alone, until the map stands still again. */
export class Pace {
  constructor() {
    this.share = 1;
    this.last = 0;
  }

  /** Return the number of points of a frame at a time. */
  most(now, count, moving) {
    const interval = now - this.last;
    this.last = now;
    if (!moving) return count;
    if (interval > 0 && interval < STILL_MS) {
      if (interval > SLOW_MS) this.share = Math.max(LEAST / Math.max(LEAST, count), this.share * 0.7);
      else if (interval < FAST_MS) this.share = Math.min(1, this.share * 1.1);
    }
    return Math.max(LEAST, Math.round(count * this.share));
  }
}
