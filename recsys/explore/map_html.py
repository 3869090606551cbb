"""The map of the items as a page: one HTML file that needs nothing else and asks no network; to be moved, zoomed and searched.

Whatever the titles hold: they are data of the page, and are only ever written as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from recsys.explore.map_svg import color
from recsys.recommend.recommender import Recommender

MOST_POINTS = 50_000
DIGITS = 4
STYLE = """
html, body { margin: 0; height: 100%; background: #fff; color: #1f2329; font: 14px/1.4 system-ui, sans-serif }
canvas { position: fixed; inset: 0; width: 100%; height: 100%; cursor: grab }
form, ul { position: fixed; left: 12px; width: 230px; background: #fffc; border-radius: 8px }
form { top: 12px }
input { width: 100%; box-sizing: border-box; font: inherit; padding: 6px 8px; border: 1px solid #bbb; border-radius: 8px }
ul { top: 56px; max-height: calc(100% - 80px); overflow-y: auto; margin: 0; padding: 4px; list-style: none }
li { padding: 1px 6px; cursor: pointer; border-radius: 4px; overflow-wrap: anywhere }
li.off { opacity: .3 }
li i { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px }
p { position: fixed; margin: 0; padding: 3px 8px; background: #1f2329; color: #fff; border-radius: 6px; pointer-events: none;
  display: none; max-width: 300px }
"""
SCRIPT = """
const data = JSON.parse(document.getElementById("data").textContent), n = data.x.length;
const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d"), tip = document.querySelector("p");
const list = document.querySelector("ul"), box = document.querySelector("input"), off = new Set();
let scale = 1, left = 0, top_ = 0, drag = null, wanted = "";
const lower = data.title.map((one, at) => (one + " " + data.id[at]).toLowerCase());
const size = () => Math.min(innerWidth, innerHeight) / 2.15;
const at = (i) => [innerWidth / 2 + left + data.x[i] * size() * scale, innerHeight / 2 + top_ - data.y[i] * size() * scale];
const shown = (i) => !off.has(data.cluster[i]);
function draw() {
  const ratio = devicePixelRatio || 1;
  canvas.width = innerWidth * ratio; canvas.height = innerHeight * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const radius = Math.max(1.5, Math.min(6, 70 / Math.sqrt(n))) * Math.sqrt(scale);
  for (let i = n - 1; i >= 0; i--) {
    if (!shown(i)) continue;
    const [x, y] = at(i), hit = wanted && lower[i].includes(wanted);
    pen.globalAlpha = !wanted ? .75 : hit ? 1 : .12;
    pen.fillStyle = data.colors[data.cluster[i] + 1];
    pen.beginPath(); pen.arc(x, y, hit ? radius * 1.6 : radius, 0, 7); pen.fill();
  }
}
function nearest(x, y) {
  let best = -1, least = 144;
  for (let i = 0; i < n; i++) {
    if (!shown(i)) continue;
    const [px, py] = at(i), far = (px - x) ** 2 + (py - y) ** 2;
    if (far < least) { least = far; best = i; }
  }
  return best;
}
data.names.forEach((name, group) => {
  const line = document.createElement("li"), dot = document.createElement("i");
  dot.style.background = data.colors[group + 1];
  line.append(dot, name);
  line.onclick = () => { off.has(group) ? off.delete(group) : off.add(group); line.classList.toggle("off"); draw(); };
  list.append(line);
});
box.oninput = () => { wanted = box.value.trim().toLowerCase(); draw(); };
document.querySelector("form").onsubmit = () => false;
canvas.onpointerdown = (event) => { drag = [event.clientX - left, event.clientY - top_]; };
onpointerup = () => { drag = null; };
canvas.onpointermove = (event) => {
  if (drag) { left = event.clientX - drag[0]; top_ = event.clientY - drag[1]; draw(); }
  const i = nearest(event.clientX, event.clientY);
  tip.style.display = i < 0 ? "none" : "block";
  if (i < 0) return;
  tip.textContent = data.title[i] || data.id[i];
  tip.style.left = Math.min(event.clientX + 12, innerWidth - 310) + "px";
  tip.style.top = event.clientY + 12 + "px";
};
canvas.onwheel = (event) => {
  event.preventDefault();
  const by = Math.exp(-event.deltaY / 400), x = event.clientX - innerWidth / 2, y = event.clientY - innerHeight / 2;
  scale *= by; left = x - (x - left) * by; top_ = y - (y - top_) * by;
  draw();
};
onresize = draw;
draw();
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{style_hash}'; \
script-src 'sha256-{script_hash}'">
<title>Map of the items</title><style>{style}</style></head>
<body><canvas></canvas><form><input type="search" placeholder="Find a title" aria-label="Find a title"></form>
<ul aria-label="Groups"></ul><p role="status"></p>
<script type="application/json" id="data">{data}</script>
<script>{script}</script></body></html>
"""


def page(recommender: Recommender) -> str:
    """Return the page of the most popular MOST_POINTS items that have a place."""
    model = recommender.model
    order = model.popularity.order
    nums = order[model.item_map.placed()[order]][:MOST_POINTS]
    groups = model.clusters.groups
    data: dict[str, Any] = {
        "id": [model.catalog.items.id(num) for num in nums.tolist()],
        "title": [model.catalog.titles[num] for num in nums.tolist()],
        "x": model.item_map.places[nums, 0].astype(float).round(DIGITS).tolist(),
        "y": model.item_map.places[nums, 1].astype(float).round(DIGITS).tolist(),
        "cluster": model.clusters.labels[nums].tolist(),
        "names": [one.name for one in groups],
        "colors": [color(label) for label in range(-1, len(groups))],
    }
    written = json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return PAGE.format(style=STYLE, script=SCRIPT, data=written, style_hash=_digest(STYLE), script_hash=_digest(SCRIPT))


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
