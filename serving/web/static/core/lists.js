/** Lists: the parts of their scores, and what changed between two of them. */

/** Return the parts of a score from a reason; they add up to the score. */
export function partsOf({ collaborative, neighbors = 0, content, popularity }) {
  return { behavior: collaborative - neighbors, neighbors, content, popularity };
}

/** Return the part of a score that the history gives: what the shares of a reason are shares of. */
export const fromHistory = ({ collaborative, content }) => collaborative + content;

/** Return [[name, share]] of the parts that the history gives, the largest first; empty if it gives nothing. */
export function shares(reason) {
  const total = fromHistory(reason);
  const parts = Object.entries(partsOf(reason)).filter(([name]) => name !== "popularity");
  return total > 0 ? parts.map(([name, part]) => [name, part / total]).sort((a, b) => b[1] - a[1]) : [];
}

/** Return {was, gone}: the older rank of each item id of `after`, 0 for a new one, and the items that are no longer there. */
export function moved(before, after) {
  const ranks = new Map(before.map((item) => [item.item_id, item.rank]));
  const now = new Set(after.map((item) => item.item_id));
  return {
    was: Object.fromEntries(after.map((item) => [item.item_id, ranks.get(item.item_id) || 0])),
    gone: before.filter((item) => !now.has(item.item_id)),
  };
}

/** Return the largest sum of positive parts in a list: the length of a full bar. */
export function longest(items) {
  const positive = (reason) => Object.values(partsOf(reason)).reduce((sum, part) => sum + Math.max(0, part), 0);
  return Math.max(0, ...items.map(({ reason, score }) => (reason ? positive(reason) : score))) || 1;
}
