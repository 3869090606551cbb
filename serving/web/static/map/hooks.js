/** Hooks of the map: what happens on its stage, and what lies over its points. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { plural } from "../core/format.js";
import { announce } from "../core/hooks.js";
import { useItem } from "./card.js";
import { NO_GROUP } from "./coloring.js";
import { asOutline, asText } from "./outline.js";
import { Stage } from "./stage.js";
import { nameOf } from "../parts/items.js";

const NEAR = 10; // items listed near the center
const IN_SIGHT = 40; // points around an item that is flown to

/** The stage and what happens on it: the camera in the address, the chosen item, the outline, the hovered point. */
export function useView({ map, state, change, coloring, theme }) {
  const { points, count } = map;
  const [root, canvas, marks, labels, surface, hoverBox, cardBox, stage, keyed] = Array.from({ length: 9 }, () => useRef(null));
  const [failed, setFailed] = useState("");
  const [hovered, setHovered] = useState(-1);
  const [near, setNear] = useState([]);
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
  const select = useCallback((places) => {
    const { camera } = stage.current;
    setLasso(false);
    const text = asText(places, 1 / camera.scale, decimals(camera.zoom));
    if (asOutline(text)) latest.current.change({ outline: text }, { push: true });
    else stage.current.mark({ outline: latest.current.outline }); // a line, not an outline
  }, []);
  const outline = useMemo(() => (state.outline ? asOutline(state.outline) : null), [state.outline]);
  const selected = useMemo(() => outline && points && points.inside(outline).map((one) => points.item(one)), [outline, points, count]);
  latest.current.outline = outline;
  useEffect(() => stage.current?.mark({ outline }), [outline]);
  useEffect(() => {
    if (selected) announce(`${plural(selected.length, "item")} outlined`);
  }, [selected]);

  useLayoutEffect(() => {
    const parts = { root: root.current, canvas: canvas.current, marks: marks.current, labels: labels.current, surface: surface.current };
    const on = {
      settled: (camera) => {
        own.current = { x: rounded(camera.x, camera.zoom), y: rounded(camera.y, camera.zoom), zoom: Number(camera.zoom.toPrecision(4)) };
        latest.current.change(own.current);
        list();
      },
      hover: setHovered,
      click: (hit) => choose(latest.current.points?.ids[hit] ?? "", false),
      choose: () => {
        const { camera } = stage.current;
        const [first] = latest.current.points?.around(camera.x, camera.y, camera.width / 2 / camera.scale, camera.height / 2 / camera.scale, 1) || [];
        if (first !== undefined) choose(latest.current.points.ids[first], true);
      },
      outline: select,
      undrawn: () => stage.current.mark({ outline: latest.current.outline }),
      cancel: () => {
        setLasso(false);
        if (latest.current.state.item) choose("", false);
      },
      frame: () => {
        const { points: all, hovered: over, place: chosen } = latest.current;
        if (hoverBox.current && all && over >= 0) put(hoverBox.current, stage.current.camera, [all.x[over], all.y[over]]);
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
    announce(`${nameOf(item)} is shown on the map`);
  };
  const clear = () => change({ outline: "" }, { push: true });
  const selectSight = () => {
    const { camera } = stage.current;
    const { width, height } = camera;
    const corners = [[0, 0], [width, 0], [width, height], [0, height]].map(([left, top]) => camera.toMap(left, top));
    select(corners);
  };
  const close = () => {
    choose("", false);
    surface.current.focus();
  };
  const drawn = (item) => points?.numbers.has(item.item_id) ?? false;
  return {
    root, canvas, marks, labels, surface, hoverBox, cardBox, stage, keyed, failed, hovered, near, selected, lasso, setLasso, record, num, place,
    drawn, show, clear, selectSight, close,
  };
}

/** Return the zoom at which an item and some neighbors are in sight; never further away than the camera is. */
const closeUp = ({ zoom }, points) => Math.max(zoom, Math.min(40, Math.max(2.5, Math.sqrt((points?.count || 1) / IN_SIGHT))));

/** Return the number of decimals that the zoom can show. */
const decimals = (zoom) => Math.min(6, 3 + Math.ceil(Math.log10(Math.max(1, zoom))));

/** Return a coordinate with as many decimals as the zoom can show. */
const rounded = (x, zoom) => Number(x.toFixed(decimals(zoom)));

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
export function useOverlay({ stage, points, count, results, profile, list, state }) {
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
