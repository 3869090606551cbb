/** Marks over the points: the history of a user as rings, recommendations as stars, results of a search, the chosen item, the outline. */
import { diameter } from "./canvas.js";

const TURN = 2 * Math.PI;
const STAR = Array.from({ length: 10 }, (_, n) => [Math.sin((TURN * n) / 10) * (n % 2 ? 0.46 : 1), -Math.cos((TURN * n) / 10) * (n % 2 ? 0.46 : 1)]);

/** Read the colors of the marks from the styles of the page. */
export function inks(element) {
  const styles = getComputedStyle(element);
  const read = (name) => styles.getPropertyValue(`--${name}`).trim();
  return { text: read("text"), back: read("surface"), accent: read("accent"), star: read("content"), soft: read("accent-soft") };
}

/** Draw `marks` {history, stars, found: numbers of points; chosen, hovered: a place [x, y] or null; outline: places of the map, or null}. */
export function drawMarks(pen, camera, points, marks, ink, ratio) {
  const { history, stars: listed, found, chosen, hovered, outline: drawn } = marks;
  const empty = !(history.length || listed.length || found.length || chosen || hovered || drawn);
  pen.canvas.style.visibility = empty ? "hidden" : "visible"; // a frame that clears alone is not always presented
  if (empty) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, camera.width, camera.height);
  const least = diameter(camera, points.count) / 2 + 1.5;
  const at = (num) => camera.toScreen(points.x[num], points.y[num]);
  if (drawn) outline(pen, drawn.map(([x, y]) => camera.toScreen(x, y)), ink);
  for (const num of found) ring(pen, at(num), Math.max(7, least), ink.accent, ink.back, 2.5);
  for (const num of history) ring(pen, at(num), Math.max(6.5, least), ink.text, ink.back, 1.5);
  if (listed.length) stars(pen, listed.map(({ num, rank }) => [at(num), rank]), ink);
  if (hovered) ring(pen, camera.toScreen(...hovered), Math.max(8, least), ink.text, ink.back, 2);
  if (!chosen) return;
  ring(pen, camera.toScreen(...chosen), Math.max(9, least), ink.accent, ink.back, 3);
  ring(pen, camera.toScreen(...chosen), Math.max(9, least) + 5, ink.accent, ink.back, 1);
}

function ring(pen, [left, top], radius, color, back, width) {
  pen.beginPath();
  pen.arc(left, top, radius, 0, TURN);
  pen.strokeStyle = back;
  pen.lineWidth = width + 2;
  pen.stroke();
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.stroke();
}

function stars(pen, placed, ink) {
  pen.beginPath();
  placed.forEach(([[left, top]], n) => (n ? pen.lineTo(left, top) : pen.moveTo(left, top)));
  pen.setLineDash([4, 4]);
  pen.strokeStyle = ink.star;
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.setLineDash([]);
  for (const [[left, top], rank] of [...placed].reverse()) star(pen, left, top, rank, ink);
}

function star(pen, left, top, rank, ink) {
  pen.beginPath();
  for (const [x, y] of STAR) pen.lineTo(left + 10 * x, top + 10 * y);
  pen.closePath();
  pen.fillStyle = ink.star;
  pen.strokeStyle = ink.back;
  pen.lineWidth = 2;
  pen.stroke();
  pen.fill();
  pen.font = "700 11px system-ui, sans-serif";
  pen.lineWidth = 3;
  pen.fillStyle = ink.text;
  pen.strokeText(rank, left + 9, top - 6);
  pen.fillText(rank, left + 9, top - 6);
}

function outline(pen, places, ink) {
  pen.beginPath();
  for (const [left, top] of places) pen.lineTo(left, top);
  pen.closePath();
  pen.globalAlpha = 0.14;
  pen.fillStyle = ink.accent;
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = ink.accent;
  pen.lineWidth = 1.5;
  pen.stroke();
}
