/** A time series, drawn by uPlot in the colors of the theme. */
import { html, useEffect, useRef } from "../vendor/preact.js";
import uPlot from "../vendor/uplot.js";

const HEIGHT = 170;

/** `series` is [{label, color}], a CSS variable; `data` is [times, values of the first, ...], null for a gap. */
export function Chart({ title, series, data, format }) {
  const box = useRef(null);
  const plot = useRef(null);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const ink = (name) => style.getPropertyValue(name).trim();
    const axis = () => ({ stroke: ink("--quiet"), grid: { stroke: ink("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" });
    const make = () =>
      new uPlot(
        {
          width: box.current.clientWidth,
          height: HEIGHT,
          legend: { live: false },
          cursor: { y: false, points: { size: 6 } },
          scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
          axes: [axis(), { ...axis(), size: 64, values: (_, ticks) => ticks.map(format) }],
          series: [{}, ...series.map(({ label, color }) => ({ label, stroke: ink(color), width: 2, spanGaps: false, fill: `color-mix(in srgb, ${ink(color)} 12%, transparent)` }))],
        },
        latest.current,
        box.current,
      );
    plot.current = make();
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: box.current.clientWidth, height: HEIGHT }));
    watch.observe(box.current);
    const repaint = () => {
      plot.current.destroy();
      plot.current = make();
    };
    const themes = new MutationObserver(repaint);
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      watch.disconnect();
      themes.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);
  const last = series.map(({ label }, n) => `${label} ${data[n + 1].at(-1) == null ? "none" : format(data[n + 1].at(-1))}`).join(", ");
  return html`<figure class="panel chart"><figcaption>${title}</figcaption><div ref=${box} role="img" aria-label=${`${title}: ${last}`}></div></figure>`;
}
