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
