/** Starts the view that the document names. */
import { html, render } from "./vendor/preact.js";
import { focusByKey } from "./parts/keys.js";
import { Boundary, Tools } from "./parts/layout.js";

const { view, thing } = document.documentElement.dataset;
const { default: View } = await import(`./views/${view}.js`);
const main = document.getElementById("view");
main.replaceChildren();
render(html`<${Tools} />`, document.getElementById("tools"));
render(html`<${Boundary}><${View} thing=${thing} /><//>`, main);
focusByKey("/", "#view [data-search], #view .finders input, #view input[type=search]");
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
