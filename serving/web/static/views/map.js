/** All items of the model on a map: groups, searches, outlines, and the history and the recommendations of a user. */
import { html, useEffect, useMemo } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { plural, whole } from "../core/format.js";
import { announce, useAnswer } from "../core/hooks.js";
import { useUrlState } from "../core/url_state.js";
import { HoverCard, ItemCard } from "../map/card.js";
import { coloringOf } from "../map/coloring.js";
import { css, useTheme } from "../map/colors.js";
import { useOverlay, useView } from "../map/hooks.js";
import { ColorSection } from "../map/legend.js";
import { useMap } from "../map/loading.js";
import { NearSection, SearchSection, SelectionSection, UserSection } from "../map/panel.js";
import { ItemField, UserField } from "../parts/combobox.js";
import { Icon } from "../parts/layout.js";
import { Empty, Failed } from "../parts/states.js";

const STATE = { x: 0, y: 0, zoom: 1, color: "", focus: "", user: "", item: "", q: "", outline: "" };
const RESULTS = 30;
const RECOMMENDATIONS = 10;
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
  return html`<${Empty} title="This model has no map">
    Set <code>explore.enabled = true</code> and <code>explore.map_items</code> above 0 in the configuration, then train again.
    The service says: ${error.message}.<//>`;
}

function Head({ map }) {
  return html`<div class="head map-head"><h1>Map</h1><p class="quiet grow">${map.count ? extent(map) : ""}</p></div>`;
}

/** Return how much of the model the map has. */
function extent({ points, count, done }) {
  if (!done) return `${whole(count)} of ${plural(points.total, "item")} so far`;
  if (!points.more) return plural(count, "item");
  return `the ${whole(count)} most popular of ${whole(points.total)} items; the others are left out`;
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
      <canvas ref=${view.canvas} aria-hidden="true"></canvas><canvas ref=${view.marks} aria-hidden="true"></canvas>
      <div class="map-labels" ref=${view.labels} aria-hidden="true"></div>
      <div class=${view.lasso ? "map-surface lasso" : "map-surface"} ref=${view.surface} tabindex="0" role="application" aria-roledescription="map"
        aria-describedby="map-help" aria-label=${`Map of ${plural(count, "item")}`}></div>
      <p id="map-help" class="visually-hidden">Arrow keys move the map, plus and minus zoom, 0 shows all, Enter opens the item nearest to the center.
        The items near the center are listed after the map.</p>
      <${Progress} map=${map} />
      ${failed ? html`<div class="map-wait"><${Empty} title="The map cannot be drawn">${failed}. The lists beside it work without it.<//></div>` : null}
      ${failed ? null : html`<${ViewTools} view=${view} />`}
      ${points && hovered >= 0 && hovered < count && points.ids[hovered] !== state.item ? html`<${HoverCard} item=${about(hovered)}
        box=${view.hoverBox} />` : null}
      ${state.item ? html`<${ItemCard} item=${view.num >= 0 ? about(view.num) : { item_id: state.item }} answer=${view.record} placed=${Boolean(view.place)}
        box=${view.cardBox} close=${view.close} focused=${view.keyed.current} />` : null}
    </div>
    <aside class="panel map-panel" aria-label="Lists of the map">
      <section aria-label="Find"><${ItemField} label="Find an item" hideLabel=${true} onTake=${({ id, text }) => show({ item_id: id, title: text })} />
        <${SearchSection} q=${state.q} answer=${results} search=${search} show=${show} chosen=${state.item} drawn=${drawn} /></section>
      ${view.selected ? html`<${SelectionSection} items=${view.selected} show=${show} chosen=${state.item} clear=${view.clear} />` : null}
      ${state.user
        ? html`<${UserSection} key=${state.user} user=${state.user} profile=${profile} list=${list} show=${show} chosen=${state.item} drawn=${drawn}
          remove=${() => change({ user: "" }, { push: true })} />`
        : html`<section aria-label="User"><${UserField} label="Show a user" onTake=${({ id }) => change({ user: id }, { push: true })} /></section>`}
      <${ColorSection} attributes=${attributes.data?.attributes || []} color=${state.color} focus=${state.focus} coloring=${coloring} error=${problem}
        loading=${state.color && values.attribute !== state.color} change=${(patch) => change(patch, { push: true })} />
      ${count && !failed
        ? html`<${NearSection} items=${view.near.map((num) => points.item(num))} show=${show} chosen=${state.item} select=${view.selectSight} />`
        : null}
    </aside>
  </div>`;
}

/** Buttons for what wheel, keys and shift do. */
function ViewTools({ view: { stage, lasso, setLasso } }) {
  return html`<div class="map-tools" role="group" aria-label="View of the map">
    <button type="button" class="icon" aria-label="Zoom in" title="Zoom in (+)" onClick=${() => stage.current.zoom(ZOOM_STEP)}>+</button>
    <button type="button" class="icon" aria-label="Zoom out" title="Zoom out (−)" onClick=${() => stage.current.zoom(1 / ZOOM_STEP)}>−</button>
    <button type="button" class="icon" aria-label="Show the whole map" title="Show the whole map (0)" onClick=${() => stage.current.fly(STATE)}>
      <${Icon} path=${HOME} /></button>
    <button type="button" class="icon" aria-pressed=${lasso} aria-label="Outline items" title="Outline items (shift and drag)"
      onClick=${() => setLasso(!lasso)}><${Icon} path=${LASSO} /></button>
  </div>`;
}

/** What the stage says while the map is not complete. */
function Progress({ map: { count, done, slow, error } }) {
  const waiting = slow ? "This takes longer than usual. The answer is still on its way." : "Loading the map";
  const failure = error && (error.status === 0 ? "The service does not answer; the map is not complete. Trying again." : error.message);
  return html`
    ${!count ? html`<div class="map-wait" role="status"><p>${waiting}</p></div>` : null}
    ${count && !done ? html`<progress class="map-progress" aria-label="Loading the map"></progress>` : null}
    ${failure && count ? html`<p class="notice warn map-notice" role="alert">${failure}</p>` : null}`;
}

function valuesProblem({ color }, attributes, attribute, values) {
  if (!color) return "";
  if (values.error && values.attribute === color) return `No values of ${color}: ${values.error.message}`;
  if (attributes.error && !attributes.data) return `Attributes are not available: ${attributes.error.message}`;
  return attributes.data && !attribute ? `The items have no attribute ${color}; groups are shown instead.` : "";
}
