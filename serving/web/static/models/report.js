/** The report of a training, in a shadow root: its styles stay inside, its colors are those of the page, and it has no scripts. */
import { html, useEffect, useRef } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { useAnswer } from "../core/hooks.js";
import { Empty, Failed, NeedsKey, Skeleton } from "../parts/states.js";

const TOKENS = { "--page": "var(--bg)", "--card": "var(--surface)", "--ink": "var(--text)", "--soft": "var(--quiet)", "--blue": "var(--accent)", "--tint": "var(--accent-soft)" };
const INHERITED = ["color-scheme", "--line"];
const FRAME = "header, main { max-width: none; padding-left: 0; padding-right: 0 } header { padding-top: 8px }";
const STYLE = /<style>([\s\S]*?)<\/style>/g;

export function Report({ model }) {
  const { data, error, reload } = useAnswer(model.report ? { path: `${withId("/models", model.model_version)}/report` } : null);
  if (!model.report) return html`<${Empty} title="No report">This version was published without one.<//>`;
  if (error?.status === 403) return html`<${NeedsKey} title="For admins only">The report names users. Use a key of scope admin to read it.<//>`;
  if (error && !data) return html`<${Failed} error=${error} reload=${reload} />`;
  return data ? html`<${Shadow} text=${data} />` : html`<${Skeleton} rows=${6} />`;
}

/** Return the sheet of a report, with the colors of this page in place of its own. */
function sheetOf(style) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style.replaceAll(":root", ":host").replace(/(^|[}\s,])body(?=[\s{,])/g, "$1.report-body"));
  for (const rule of [...sheet.cssRules].flatMap((one) => [one, ...(one.cssRules || [])])) {
    if (rule.selectorText !== ":host") continue;
    for (const name of INHERITED) rule.style.removeProperty(name);
    for (const [name, value] of Object.entries(TOKENS)) rule.style.setProperty(name, value);
  }
  return sheet;
}

/** Let the rules for a dark system hold while this page is dark, whatever its theme follows; returns how to stop. */
function followTheme(sheets) {
  const rules = sheets.flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule.media?.mediaText.includes("prefers-color-scheme"));
  const page = document.documentElement;
  const apply = () => {
    const dark = page.dataset.theme === "dark";
    for (const rule of rules) rule.media.mediaText = dark ? "screen" : "not all";
  };
  const observer = new MutationObserver(apply);
  observer.observe(page, { attributeFilter: ["data-theme"] });
  apply();
  return () => observer.disconnect();
}

function Shadow({ text }) {
  const host = useRef(null);
  useEffect(() => {
    const root = host.current.shadowRoot || host.current.attachShadow({ mode: "open" });
    const page = new DOMParser().parseFromString(text.replace(STYLE, ""), "text/html"); // the policy allows no style in a document
    const sheets = [...[...text.matchAll(STYLE)].map(([, style]) => style), FRAME].map(sheetOf);
    root.adoptedStyleSheets = sheets;
    for (const gone of page.querySelectorAll("script, meta, link")) gone.remove();
    const body = document.createElement("div");
    body.className = "report-body";
    body.append(...page.body.childNodes);
    for (const link of body.querySelectorAll('a[href^="#"]')) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        root.getElementById(link.hash.slice(1))?.scrollIntoView({ behavior: "smooth" });
      });
    }
    root.replaceChildren(body);
    return followTheme(sheets);
  }, [text]);
  return html`<div ref=${host} class="report"></div>`;
}
