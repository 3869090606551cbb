/** Starts the view that the document names. */
import { html, render } from "./vendor/preact.js";
import { focusByKey } from "./parts/keys.js";
import { Boundary, ModelChange, Tools } from "./parts/layout.js";

const { view, thing } = document.documentElement.dataset;
const main = document.getElementById("view");
const { default: View } = await import(`./views/${view}.js`).catch((error) => {
  main.firstElementChild.textContent = "The page could not be loaded: the service is away, or it has another release now. Reload the page.";
  throw error;
});
main.replaceChildren();
render(html`<${Tools} />`, document.getElementById("tools"));
render(html`<${ModelChange} /><${Boundary}><${View} thing=${thing} /><//>`, main);
focusByKey("/", "#view [data-search], #view .finders input, #view input[type=search]");
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
