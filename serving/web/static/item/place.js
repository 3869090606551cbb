/** The place of an item on the map, among its neighbors. */
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { url } from "../core/api.js";
import { useAnswer } from "../core/hooks.js";
import { Camera } from "../map/camera.js";
import { diameter } from "../map/canvas.js";
import { coloringOf } from "../map/coloring.js";
import { css, useTheme } from "../map/colors.js";
import { Labels } from "../map/labels.js";
import { Points } from "../map/points.js";
import { nameOf } from "../parts/items.js";
import { Optional } from "../parts/optional.js";

const READ = 5000; // the most popular items, which are the neighbors
const DRAWN = 200;
const IN_SIGHT = 16;
const MOST_ZOOM = 40;
const NAMED = 3;
const HEIGHT = 220;
const SELF = 8;

export function Place({ item }) {
  const box = useRef(null);
  const near = useNear(box);
  const answer = useAnswer(near && item.place ? { path: "/map", params: { k: READ } } : null);
  if (!item.place) return null;
  return html`<section class="panel" aria-label="Place on the map" ref=${box}>
    <div class="row list-head"><h2 class="grow">Place on the map</h2><a href=${url(`/ui/map?item=${encodeURIComponent(item.item_id)}`)}>Whole map</a></div>
    ${near ? html`<${Optional} answer=${answer} rows=${3} missing="No map">${(page) => html`<${Excerpt} item=${item} page=${page} />`}<//>` : html`<div style=${{ height: `${HEIGHT}px` }}></div>`}
  </section>`;
}

/** Whether an element has been near the screen: what is never scrolled to is not asked for. */
function useNear(box) {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!box.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && setNear(true), { rootMargin: "200px" });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return near;
}

function Excerpt({ item, page }) {
  const [frame, layer] = [useRef(null), useRef(null)];
  const [width, setWidth] = useState(0);
  const theme = useTheme();
  const points = useMemo(() => {
    const made = new Points();
    made.append(page);
    return made;
  }, [page]);
  const coloring = useMemo(() => coloringOf({ points, attribute: null, sizes: null, focus: "", theme }), [points, theme]);
  const [x, y] = item.place;
  const camera = useMemo(() => {
    const made = Object.assign(new Camera(), { width: width || 1, height: HEIGHT });
    made.set({ x, y, zoom: Math.min(MOST_ZOOM, Math.max(1, Math.sqrt(points.count / IN_SIGHT))) });
    return made;
  }, [width, x, y, points]);
  const own = points.numbers.get(item.item_id);
  const drawn = points.around(x, y, camera.width / 2 / camera.scale, camera.height / 2 / camera.scale, DRAWN).filter((num) => num !== own);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setWidth(frame.current.clientWidth));
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (!width) return undefined;
    const labels = new Labels(layer.current, [0, 0]);
    labels.place(camera, points, null, null, own === undefined ? [] : [own]);
    return () => labels.clear();
  }, [camera, points, own]);
  const radius = diameter(camera, points.count) / 2;
  const [left, top] = camera.toScreen(x, y);
  const names = drawn.slice(0, NAMED).map((num) => points.name(num));
  const label = `${nameOf(item)}${names.length ? ` near ${names.join(", ")}` : ""}`;
  return html`<div class="map-excerpt" ref=${frame} style=${{ height: `${HEIGHT}px` }}>
      <svg width=${width} height=${HEIGHT} role="img" aria-label=${label}>
        ${[...drawn].reverse().map((num) => {
          const [cx, cy] = camera.toScreen(points.x[num], points.y[num]);
          return html`<circle key=${num} cx=${cx} cy=${cy} r=${radius} fill=${css(coloring.paint(num))} fill-opacity=".85" />`;
        })}
        <circle cx=${left} cy=${top} r=${SELF} class="self" /><circle cx=${left} cy=${top} r=${SELF + 5} class="self" />
      </svg><div class="map-labels" ref=${layer} aria-hidden="true"></div></div>
    <p class="quiet">Near items are alike in behavior and text; colors are groups.${page.next_offset === null ? "" : ` The ${READ} most popular items are drawn.`}</p>`;
}
