/** The report of a training, in a shadow root: its styles stay inside, and it has no scripts. */
import { html, useEffect, useRef } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { useAnswer } from "../core/hooks.js";
import { Empty, Failed, Skeleton } from "../parts/states.js";

const STYLE = /<style>([\s\S]*?)<\/style>/g;

export function Report({ model }) {
  const { data, error, reload } = useAnswer(model.report ? { path: `${withId("/models", model.model_version)}/report` } : null);
  if (!model.report) return html`<${Empty} title="No report">This version was published without one.<//>`;
  if (error?.status === 403) return html`<${Empty} title="For admins only">The report names users. Use a key of scope admin to read it.<//>`;
  if (error && !data) return html`<${Failed} error=${error} reload=${reload} />`;
  return data ? html`<${Shadow} text=${data} />` : html`<${Skeleton} rows=${6} />`;
}

function Shadow({ text }) {
  const host = useRef(null);
  useEffect(() => {
    const root = host.current.shadowRoot || host.current.attachShadow({ mode: "open" });
    const page = new DOMParser().parseFromString(text.replace(STYLE, ""), "text/html"); // the policy allows no style in a document
    root.adoptedStyleSheets = [...text.matchAll(STYLE)].map(([, style]) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style.replaceAll(":root", ":host").replace(/(^|[}\s,])body(?=[\s{,])/g, "$1.report-body"));
      return sheet;
    });
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
  }, [text]);
  return html`<div ref=${host} class="report"></div>`;
}
