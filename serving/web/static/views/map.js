/** All items of the model on a map: groups, searches, outlines, and the history and the recommendations of a user. */
import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { plural, whole } from "../core/format.js";
import { announce, useAnswer } from "../core/hooks.js";
import { useUrlState } from "../core/url_state.js";
import { HoverCard, ItemCard, useItem } from "../map/card.js";
import { NO_GROUP, coloringOf } from "../map/coloring.js";
import { css, useTheme } from "../map/colors.js";
import { ColorSection } from "../map/legend.js";
import { useMap } from "../map/loading.js";
import { NearSection, SearchSection, SelectionSection, UserSection } from "../map/panel.js";
import { MOST_POINTS } from "../map/points.js";
import { Stage } from "../map/stage.js";
import { ItemField, UserField } from "../parts/combobox.js";
import { Icon } from "../parts/layout.js";
import { Empty, Failed } from "../parts/states.js";

const STATE = { x: 0, y: 0, zoom: 1, color: "", focus: "", user: "", item: "", q: "" };
const NEAR = 10; // items listed near the center
const RESULTS = 30;
const RECOMMENDATIONS = 10;
const IN_SIGHT = 40; // points around an item that is flown to
const ZOOM_STEP = 1.6;
const LASSO = "M7 16c-3-1-4-3-4-5 0-4 4-7 9-7s9 3 9 7-4 7-9 7c-1 0-2 0-3-.3M7 16a2 2 0 1 0 2 2 2 2 0 0 0-2-2M8 20c0 1-1 2-2 2";
const HOME = "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5";

export default function MapView() {
  const [state, change] = useUrlState(STATE);
  const map = useMap(state.color);
  if (map.error?.status === 409) return html`<${Head} map=${map} /><${NoMap} error=${map.error} />`;
  if (map.error && !map.count) return html`<${Head} map=${map} /><${Failed} error=${map.error} reload=${map.reload} />`;
  if (map.done && !map.count) return html`<${Head} map=${map} /><${Empty} title="No item to show">All items of the map are hidden.<//>`;
  return html`<${Head} map=${map} /><${Atlas} map=${map} state=${state} change=${change} />`;
}

function NoMap({ error }) {
  return html`<${Empty} title="This model has no map">Set <code>explore.enabled = true</code> and <code>explore.map_items</code> above 0 in the configuration, then train again.
    The service says: ${error.message}.<//>`;
}

function Head({ map }) {
  const { data } = useAnswer(map.points?.more && map.done ? { path: "/attributes" } : null);
  const all = data ? ` of ${whole(data.n_items)}` : "";
  const text = !map.count ? "" : map.points.more && map.done ? `the ${whole(map.count)} most popular${all} items; the others are left out` : `${plural(map.count, "item")}${map.done ? "" : " so far"}`;
  return html`<div class="head map-head"><h1>Map</h1><p class="quiet grow">${text}</p></div>`;
}

function Atlas({ map, state, change }) {
  const theme = useTheme();
  const { points, count, values } = map;
  const attributes = useAnswer({ path: "/attributes" });
  const clusters = useAnswer({ path: "/clusters" });
  const sizes = useMemo(() => clusters.data && new Map(clusters.data.clusters.map(({ cluster_id: id, size }) => [id, size])), [clusters.data]);
  const attribute = state.color ? attributes.data?.attributes.find((one) => one.attribute === state.color) : null;
  const coloring = useMemo(() => points && coloringOf({ points, attribute, sizes, focus: state.focus, theme }),
    [points, points && count > 0, attribute, sizes, state.focus, theme, state.color && values]);
  const view = useView({ map, state, change, coloring, theme });
  const { stage, failed, hovered, drawn, show } = view;
  const results = useAnswer(state.q ? { path: "/search", params: { q: state.q, k: RESULTS } } : null);
  const profile = useAnswer(state.user ? { path: withId("/users", state.user) } : null);
  const list = useAnswer(state.user ? { path: withId("/recommend", state.user), params: { k: RECOMMENDATIONS } } : null);
  useOverlay({ stage, points, count, results, profile, list, state });
  useEffect(() => {
    if (map.done) announce(`${plural(count, "item")} on the map`);
  }, [map.done]);
  const about = (num) => ({ ...points.item(num), group: points.groups[points.group[num]], color: state.color ? null : css(coloring.paint(num)) });
  const search = (q) => change({ q }, { push: true });
  const problem = valuesProblem(state, attributes, attribute, values);
  return html`<div class="map-view">
    <div class="map-stage" ref=${view.root}>
      <canvas ref=${view.canvas} aria-hidden="true"></canvas><canvas ref=${view.marks} aria-hidden="true"></canvas><div class="map-labels" ref=${view.labels} aria-hidden="true"></div>
      <div class=${view.lasso ? "map-surface lasso" : "map-surface"} ref=${view.surface} tabindex="0" role="application" aria-roledescription="map" aria-describedby="map-help"
        aria-label=${`Map of ${plural(count, "item")}`}></div>
      <p id="map-help" class="visually-hidden">Arrow keys move the map, plus and minus zoom, 0 shows all, Enter opens the item nearest to the center. The items near the center are listed after the map.</p>
      ${!count ? html`<div class="map-wait" role="status"><p>${map.slow ? "This takes longer than usual. The answer is still on its way." : "Loading the map"}</p></div>` : null}
      ${count && !map.done ? html`<progress class="map-progress" aria-label="Loading the map"></progress>` : null}
      ${map.error && count ? html`<p class="notice warn map-notice" role="alert">${map.error.status === 0 ? "The service does not answer; the map is not complete. Trying again." : map.error.message}</p>` : null}
      ${failed ? html`<div class="map-wait"><${Empty} title="The map cannot be drawn">${failed}. The lists beside it work without it.<//></div>` : null}
      <div class="map-tools" role="group" aria-label="View of the map">
        <button type="button" class="icon" aria-label="Zoom in" title="Zoom in (+)" onClick=${() => stage.current?.zoom(ZOOM_STEP)}>+</button>
        <button type="button" class="icon" aria-label="Zoom out" title="Zoom out (−)" onClick=${() => stage.current?.zoom(1 / ZOOM_STEP)}>−</button>
        <button type="button" class="icon" aria-label="Show the whole map" title="Show the whole map (0)" onClick=${() => stage.current?.fly(STATE)}><${Icon} path=${HOME} /></button>
        <button type="button" class="icon" aria-pressed=${view.lasso} aria-label="Outline items" title="Outline items (shift and drag)" onClick=${() => view.setLasso(!view.lasso)}><${Icon} path=${LASSO} /></button>
      </div>
      ${hovered >= 0 && points.ids[hovered] !== state.item ? html`<${HoverCard} item=${about(hovered)} box=${view.hoverBox} />` : null}
      ${state.item ? html`<${ItemCard} item=${view.num >= 0 ? about(view.num) : { item_id: state.item }} answer=${view.record} placed=${Boolean(view.place)} box=${view.cardBox} close=${view.close} focused=${view.keyed.current} />` : null}
    </div>
    <aside class="panel map-panel" aria-label="Lists of the map">
      <section aria-label="Find"><${ItemField} label="Find an item" hideLabel=${true} onTake=${({ id, text }) => show({ item_id: id, title: text })} />
        <${SearchSection} q=${state.q} answer=${results} search=${search} show=${show} chosen=${state.item} drawn=${drawn} /></section>
      ${view.selected ? html`<${SelectionSection} items=${view.selected} show=${show} chosen=${state.item} clear=${view.clear} />` : null}
      ${state.user
        ? html`<${UserSection} key=${state.user} user=${state.user} profile=${profile} list=${list} show=${show} chosen=${state.item} drawn=${drawn} remove=${() => change({ user: "" }, { push: true })} />`
        : html`<section aria-label="User"><${UserField} label="Show a user" onTake=${({ id }) => change({ user: id }, { push: true })} /></section>`}
      <${ColorSection} attributes=${attributes.data?.attributes || []} color=${state.color} focus=${state.focus} coloring=${coloring} error=${problem}
        loading=${state.color && values.attribute !== state.color} change=${(patch) => change(patch, { push: true })} />
      ${count ? html`<${NearSection} items=${view.near.map((num) => points.item(num))} show=${show} chosen=${state.item} select=${view.selectSight} />` : null}
    </aside>
  </div>`;
}

function valuesProblem({ color }, attributes, attribute, values) {
  if (!color) return "";
  if (values.error && values.attribute === color) return `No values of ${color}: ${values.error.message}`;
  if (attributes.error && !attributes.data) return `Attributes are not available: ${attributes.error.message}`;
  return attributes.data && !attribute ? `The items have no attribute ${color}; groups are shown instead.` : "";
}

/** The stage and what happens on it: the camera in the address, the chosen item, the outline, the hovered point. */
function useView({ map, state, change, coloring, theme }) {
  const { points, count } = map;
  const [root, canvas, marks, labels, surface, hoverBox, cardBox, stage, keyed] = Array.from({ length: 9 }, () => useRef(null));
  const [failed, setFailed] = useState("");
  const [hovered, setHovered] = useState(-1);
  const [near, setNear] = useState([]);
  const [selected, setSelected] = useState(null);
  const [lasso, setLasso] = useState(false);
  const record = useItem(state.item);
  const num = points && state.item ? points.numbers.get(state.item) ?? -1 : -1;
  const place = num >= 0 ? [points.x[num], points.y[num]] : record.data?.place || null;
  const own = useRef({ x: state.x, y: state.y, zoom: state.zoom }); // the camera that was last written to the address
  const latest = useRef(null);
  latest.current = { points, count, change, place, hovered, state };

  const list = useCallback(() => {
    const { camera } = stage.current;
    const { points: all } = latest.current;
    if (all) setNear(all.around(camera.x, camera.y, camera.width / 2 / camera.scale, camera.height / 2 / camera.scale, NEAR));
  }, []);
  const choose = (id, byKey) => {
    keyed.current = byKey;
    latest.current.change({ item: id }, { push: true });
  };
  const select = useCallback((outline) => {
    const { points: all } = latest.current;
    if (!all) return;
    const items = all.inside(outline).map((one) => all.item(one));
    setSelected(items);
    setLasso(false);
    announce(`${plural(items.length, "item")} outlined`);
  }, []);

  useLayoutEffect(() => {
    const parts = { root: root.current, canvas: canvas.current, marks: marks.current, labels: labels.current, surface: surface.current };
    const on = {
      settled: (camera) => {
        own.current = { x: rounded(camera.x, camera.zoom), y: rounded(camera.y, camera.zoom), zoom: Number(camera.zoom.toPrecision(4)) };
        latest.current.change(own.current);
        list();
      },
      hover: setHovered,
      click: (hit) => choose(hit < 0 ? "" : latest.current.points.ids[hit], false),
      choose: () => {
        const { camera } = stage.current;
        const [first] = latest.current.points?.around(camera.x, camera.y, camera.width / 2 / camera.scale, camera.height / 2 / camera.scale, 1) || [];
        if (first !== undefined) choose(latest.current.points.ids[first], true);
      },
      outline: select,
      cancel: () => {
        setLasso(false);
        if (latest.current.state.item) choose("", false);
      },
      frame: () => {
        const { points: all, hovered: over, place: chosen } = latest.current;
        if (hoverBox.current && over >= 0) put(hoverBox.current, stage.current.camera, [all.x[over], all.y[over]]);
        if (cardBox.current) put(cardBox.current, stage.current.camera, chosen);
      },
    };
    try {
      stage.current = new Stage(parts, on);
      stage.current.jump(state);
    } catch (error) {
      setFailed(error.message);
    }
    return () => stage.current?.close();
  }, []);

  useEffect(() => {
    if (!stage.current || !coloring || !points) return;
    const group = state.color || !state.focus || state.focus === NO_GROUP ? null : Number(state.focus);
    stage.current.paint(points, coloring, group);
    if (!stage.current.camera.flight) list();
  }, [coloring, count, points]);
  useEffect(() => stage.current?.recolor(), [theme]);
  useEffect(() => {
    if (stage.current) stage.current.lasso = lasso;
  }, [lasso]);
  useEffect(() => {
    const { x, y, zoom } = own.current;
    if (x !== state.x || y !== state.y || zoom !== state.zoom) stage.current?.jump(state); // the back button
  }, [state.x, state.y, state.zoom]);

  const wanted = useRef(state.item && state.zoom === 1 && !state.x && !state.y ? state.item : "");
  useEffect(() => {
    stage.current?.mark({ chosen: state.item ? place : null });
    if (place && wanted.current === state.item) {
      wanted.current = "";
      stage.current?.fly({ x: place[0], y: place[1], zoom: closeUp(stage.current.camera, points) });
    }
  }, [state.item, place && place[0], place && place[1]]);
  useLayoutEffect(() => stage.current?.change(), [hovered, state.item, record.data]); // a new card is put in its place

  const show = (item) => {
    const known = points?.numbers.get(item.item_id);
    wanted.current = known === undefined ? item.item_id : "";
    keyed.current = false;
    if (known !== undefined) stage.current?.fly({ x: points.x[known], y: points.y[known], zoom: closeUp(stage.current.camera, points) });
    change({ item: item.item_id }, { push: true });
  };
  const clear = () => {
    setSelected(null);
    stage.current?.mark({ outline: null });
  };
  const selectSight = () => {
    const { camera } = stage.current;
    const { width, height } = camera;
    const corners = [[0, 0], [width, 0], [width, height], [0, height]].map(([left, top]) => camera.toMap(left, top));
    stage.current.mark({ outline: null });
    select(corners);
  };
  const close = () => {
    choose("", false);
    surface.current.focus();
  };
  const drawn = (item) => points?.numbers.has(item.item_id) ?? false;
  return {
    root, canvas, marks, labels, surface, hoverBox, cardBox, stage, keyed, failed, hovered, near, selected, lasso, setLasso, record, num, place, drawn, show, clear,
    selectSight, close,
  };
}

/** Return the zoom at which an item and some neighbors are in sight; never further away than the camera is. */
const closeUp = ({ zoom }, points) => Math.max(zoom, Math.min(40, Math.max(2.5, Math.sqrt((points?.count || 1) / IN_SIGHT))));

/** Return a coordinate with as many digits as the zoom can show. */
const rounded = (x, zoom) => Number(x.toFixed(Math.min(6, 3 + Math.ceil(Math.log10(Math.max(1, zoom))))));

/** Put a card beside its point, within the stage. */
function put(box, camera, place) {
  if (!place) {
    box.style.transform = "translate(12px, 12px)";
    return;
  }
  const [left, top] = camera.toScreen(...place);
  const { offsetWidth: width, offsetHeight: height } = box;
  const x = left + 16 + width > camera.width - 8 ? left - 16 - width : left + 16;
  const y = Math.min(Math.max(8, top - height / 3), Math.max(8, camera.height - height - 8));
  box.style.transform = `translate(${Math.round(Math.min(Math.max(8, x), Math.max(8, camera.width - width - 8)))}px, ${Math.round(y)}px)`;
}

/** Lay the results of a search and the items of a user over the map, and fly to them when they are new. */
function useOverlay({ stage, points, count, results, profile, list, state }) {
  const flown = useRef(state.zoom !== 1 || state.x || state.y || state.item ? `${state.user} ${state.q}` : " ");
  useEffect(() => {
    if (!stage.current || !points) return;
    const numbers = (items) => (items || []).map((item) => points.numbers.get(item.item_id)).filter((num) => num !== undefined);
    const found = state.q ? numbers(results.data?.items) : [];
    const history = state.user ? numbers(profile.data?.history) : [];
    const listed = state.user ? list.data?.items || [] : [];
    const stars = listed.map((item) => ({ num: points.numbers.get(item.item_id), rank: item.rank })).filter(({ num }) => num !== undefined);
    stage.current.mark({ found, history, stars });
  }, [points, count, results.data, profile.data, list.data, state.q, state.user]);
  useEffect(() => {
    const now = `${state.user} ${state.q}`;
    if (flown.current === now || !stage.current || !points || !state.q || results.loading || !results.data) return;
    flown.current = now;
    const numbers = results.data.items.map((item) => points.numbers.get(item.item_id)).filter((num) => num !== undefined);
    if (numbers.length) stage.current.fly(stage.current.camera.around(numbers.map((num) => [points.x[num], points.y[num]])));
    announce(plural(results.data.items.length, "result"));
  }, [results.data, points, state.q]);
}
