/** Figures of the service between two readings of its metrics. */
import { counted, quantile, total } from "../core/metrics_text.js";

const SECONDS = "recsys_request_duration_seconds";
const OF_THE_PAGE = ["/ui", "/metrics", "/readyz"];

/** Whether a route is asked by this view itself, or is a file of the page; of /events only the reading is. */
export const ofThePage = ({ route, method = "" }) => route === "/" || OF_THE_PAGE.some((start) => route.startsWith(start)) || (route === "/events" && method === "GET");

/** Return the figures of the time from reading `before` to reading `after`; `own` counts the page's own requests too. */
export function figures(before, after, own) {
  const counts = (labels) => own || !ofThePage(labels);
  const seconds = Math.max(after.at - before.at, 1e-3);
  const requests = counted(before, after, "recsys_requests_total");
  const answers = total(counted(before, after, "recsys_answers_total"));
  const status = (test) => total(requests, (labels) => counts(labels) && test(Number(labels.status)));
  return {
    seconds,
    rate: total(requests, counts) / seconds,
    p50: quantile(before, after, SECONDS, 0.5, counts),
    p95: quantile(before, after, SECONDS, 0.95, counts),
    clientErrors: status((code) => code >= 400 && code < 500),
    serverErrors: status((code) => code >= 500),
    sheds: total(counted(before, after, "recsys_sheds_total")),
    events: total(counted(before, after, "recsys_events_total"), ({ outcome }) => outcome === "accepted"),
    duplicates: total(counted(before, after, "recsys_events_total"), ({ outcome }) => outcome === "duplicate"),
    refused: total(counted(before, after, "recsys_reloads_total"), ({ outcome }) => outcome !== "loaded"),
    answers,
    fallbacks: total(counted(before, after, "recsys_fallbacks_total")),
    strategies: counted(before, after, "recsys_answers_total").filter(({ value }) => value),
  };
}

/** Return a row for each route that was asked: requests a second, latency, errors. */
export function byRoute(before, after, own) {
  const seconds = Math.max(after.at - before.at, 1e-3);
  const rows = new Map();
  for (const { labels, value } of counted(before, after, "recsys_requests_total")) {
    if (!value || (!own && ofThePage(labels))) continue;
    const row = rows.get(labels.route) || { route: labels.route, requests: 0, client: 0, server: 0 };
    row.requests += value;
    if (labels.status >= "500") row.server += value;
    else if (labels.status >= "400") row.client += value;
    rows.set(labels.route, row);
  }
  const of = (route) => ({ route: other }) => other === route;
  return [...rows.values()]
    .map((row) => ({ ...row, rate: row.requests / seconds, p50: quantile(before, after, SECONDS, 0.5, of(row.route)), p95: quantile(before, after, SECONDS, 0.95, of(row.route)) }))
    .sort((a, b) => b.requests - a.requests);
}

/** Return {level, title, text}: whether all is well, from the figures of the last minute and the readiness. */
export function verdict(ready, error, last, versions) {
  if (error && error.status === 0) return { level: "bad", title: "The service does not answer", text: "No connection. The figures below are the last ones." };
  if (error) return { level: "warn", title: "The metrics cannot be read", text: error.message };
  if (!ready) return { level: "quiet", title: "Looking", text: "The first reading of the metrics is on its way." };
  if (ready.status !== "ready") return { level: "bad", title: "Not ready", text: ready.detail };
  if (last?.serverErrors) return { level: "bad", title: "Errors", text: `${last.serverErrors} answers of status 5xx in the last minute.` };
  if (last?.sheds) return { level: "warn", title: "Overloaded", text: `${last.sheds} requests were refused in the last minute, as too many were in flight.` };
  if (ready.degraded?.length) return { level: "warn", title: "Degraded", text: `Without ${ready.degraded.join(", ")} at the moment.` };
  if (last?.refused) return { level: "warn", title: "A new model was refused", text: "The old one still serves; the log of the server has the reason." };
  if (versions.length > 1) return { level: "warn", title: "Two models", text: `The workers serve ${versions.join(" and ")} at the moment; within seconds it should be one.` };
  if (!last) return { level: "good", title: "All is well", text: "Ready. Errors and refused requests are counted from this reading on." };
  return { level: "good", title: "All is well", text: "Ready, no server error and no refused request in the last minute." };
}
