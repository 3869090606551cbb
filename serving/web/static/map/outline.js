/** Outlines as text of the address, "x_y x_y x_y", rounded, with few enough corners for a link. */

const MOST_CORNERS = 64;

/** Return the distance of a place to the segment from `a` to `b`. */
function aside([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/** Return the places that a line keeps if none may lie further aside than `least` (Douglas and Peucker). */
function simplified(places, least) {
  const kept = new Set([0, places.length - 1]);
  const parts = [[0, places.length - 1]];
  while (parts.length) {
    const [from, to] = parts.pop();
    let most = least;
    let corner = -1;
    for (let n = from + 1; n < to; n++) {
      const distance = aside(places[n], places[from], places[to]);
      if (distance > most) [most, corner] = [distance, n];
    }
    if (corner < 0) continue;
    kept.add(corner);
    parts.push([from, corner], [corner, to]);
  }
  return places.filter((_, n) => kept.has(n));
}

/** Return an outline of places as text. `pixel` is the length of a pixel on the map, `digits` the number of decimals. */
export function asText(outline, pixel, digits) {
  let least = pixel / 2;
  let places = simplified(outline, least);
  while (places.length > MOST_CORNERS) places = simplified(outline, (least *= 2));
  return places.map((place) => place.map((x) => Number(x.toFixed(digits))).join("_")).join(" ");
}

/** Return the outline of a text; null if it has fewer than three corners, or anything but numbers. */
export function asOutline(text) {
  const places = text.split(" ").map((place) => place.split("_").map(Number));
  return places.length >= 3 && places.every((place) => place.length === 2 && place.every(Number.isFinite)) ? places : null;
}
