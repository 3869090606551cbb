/** Items: covers, cards, scores by their parts, and reasons. */
import { html, useState } from "../vendor/preact.js";
import { fitsPath, url, withId } from "../core/api.js";
import { hue, initials, percent, score, value } from "../core/format.js";
import { fromHistory, partsOf, shares } from "../core/lists.js";
import { PICTURES, usePicture } from "../core/pictures.js";
import { WithoutButton } from "./without.js";

export const PARTS = [
  ["behavior", "Behavior", "users with a similar history"],
  ["neighbors", "Neighbors", "items that the same users have"],
  ["content", "Content", "texts like those of the history"],
  ["popularity", "Popularity", "number of users, or the penalty for it"],
];
const WORDS = {
  behavior: "users with a similar history like it",
  neighbors: "users of the same items have it too",
  content: "its text is like the texts of the history",
};
const LEAST_SHARE = 0.005; // less is 0% on the page
const MOST_ATTRIBUTES = 4;
const MOST_CAUSES = 3;

/** Return the address of the view of an item, undefined where no address can have its id. */
export const itemHref = (id, query = "") => (fitsPath(id) ? url(withId("/ui/items", id)) + query : undefined);

/** Return the address of the view of a user, undefined where no address can have the id. */
export const userHref = (id) => (fitsPath(id) ? url(withId("/ui/users", id)) : undefined);

/** The title of an item; without a title, or with a blank one, its id. */
export const nameOf = (item) => (item.title?.trim() ? item.title : item.item_id);

/** The picture of an item; without one a color and initials. `attributes` say whether it has one. */
export function Cover({ title, id, attributes = null }) {
  const picture = usePicture(PICTURES && attributes?.[PICTURES] ? id : null);
  return html`<span class="cover" style=${{ "--hue": hue(id) }} aria-hidden="true">${picture ? html`<img src=${picture} alt="" loading="lazy" />` : initials(nameOf({ title, item_id: id }))}</span>`;
}

/** The title of an item as a link; without a title its id. */
export const Title = ({ item, query }) => html`<a class="title" href=${itemHref(item.item_id, query)} dir="auto" title=${nameOf(item)}>${nameOf(item)}</a>`;

/** Attributes of an item as one quiet line. */
export function Attributes({ attributes = {} }) {
  const shown = Object.entries(attributes).slice(0, MOST_ATTRIBUTES);
  return shown.length ? html`<p class="attributes">${shown.map(([name, x]) => html`<span key=${name} title=${name}>${value(x)}</span>`)}</p>` : null;
}

/** A score as a bar of its parts; `most` is the score of a full bar. Negative parts are hatched and shorten it. */
export function ScoreBar({ reason, most, total }) {
  const parts = partsOf(reason);
  const text = PARTS.filter(([name]) => parts[name]).map(([name, title]) => `${title} ${score(parts[name])}`).join(", ");
  const width = (x) => `${Math.min(100, (100 * Math.abs(x)) / (most || 1))}%`;
  return html`<div class="score" role="img" aria-label=${`Score ${score(total)}: ${text}`} title=${text}>
    <span class="track">
      ${PARTS.filter(([name]) => parts[name] > 0).map(([name]) => html`<span key=${name} class=${`part ${name}`} style=${{ width: width(parts[name]) }}></span>`)}
      ${PARTS.filter(([name]) => parts[name] < 0).map(([name]) => html`<span key=${name} class=${`part ${name} less`} style=${{ width: width(parts[name]) }}></span>`)}
    </span>
    <span class="number">${score(total)}</span>
  </div>`;
}

/** The colors of the bars; parts that no item has are left out. With `long` each says what it means. */
export function Legend({ reasons, long = false }) {
  const present = PARTS.filter(([name]) => reasons.some((reason) => partsOf(reason)[name]));
  return html`<p class="legend">${present.map(([name, title, text]) => html`<span key=${name} title=${text}><i class=${`swatch ${name}`}></i>${long ? html`<b>${title}</b> ${text}` : title}</span>`)}</p>`;
}

/** Why an item is in the list, as one sentence: what its score is made of, the largest part first. */
export function InWords({ item }) {
  const { reason } = item;
  const [first, ...others] = shares(reason);
  if (!first || first[1] < LEAST_SHARE) return null;
  const title = (name) => PARTS.find(([part]) => part === name)[1].toLowerCase();
  const said = ([name, share], of = "") => `${WORDS[name]} (${title(name)}, ${percent(share)}${of})`;
  const more = others.filter(([, share]) => share >= LEAST_SHARE).map((one) => said(one)).join(", and ");
  const less = others.filter(([, share]) => share <= -LEAST_SHARE).map(([name, share]) => ` ${PARTS.find(([part]) => part === name)[1]} takes ${percent(-share)} away.`);
  const mostly = !more ? "" : first[1] > 0.5 ? "mostly " : "most of all ";
  return html`<p class="leading"><bdi>${nameOf(item)}</bdi> is here ${mostly}because ${said(first, ` of the score${reason.popularity < 0 ? " before the popularity penalty" : ""}`)}.${more ? ` Also, ${more}.` : ""}${less}</p>`;
}

/** "Because of": the items of the history that contribute most, with their shares of the score, and the share of the rest. */
export function Because({ reason, most = MOST_CAUSES }) {
  const causes = reason.because.slice(0, most);
  if (!causes.length) return null;
  const hidden = reason.because.slice(most).reduce((sum, cause) => sum + cause.share, 0);
  const rest = hidden + reason.others / (fromHistory(reason) || 1);
  return html`<p class="because">because of ${causes.map((cause, n) => html`${n ? ", " : ""}<a key=${cause.item_id} dir="auto" href=${itemHref(cause.item_id)}>${nameOf(cause)}</a> <b>${percent(cause.share)}</b>`)}${Math.abs(rest) >= 0.005 ? html`, the rest of the history <b>${percent(rest)}</b>` : ""}</p>`;
}

/** The full arithmetic of a score: its parts, and what each item of the history gives; `takeOut(id)` asks for the list without one. */
export function Arithmetic({ reason, total, takeOut = null }) {
  const parts = partsOf(reason);
  const of = fromHistory(reason);
  return html`<div class="arithmetic">
    <table>
      <caption>The score by its parts</caption>
      <tbody>
        ${PARTS.filter(([name]) => parts[name]).map(([name, title, text]) => html`<tr key=${name}><th scope="row"><i class=${`swatch ${name}`}></i>${title}</th><td>${text}</td><td class="n">${of && name !== "popularity" ? percent(parts[name] / of) : ""}</td><td class="n">${score(parts[name])}</td></tr>`)}
        <tr class="sum"><th scope="row">Score</th><td></td><td></td><td class="n">${score(total)}</td></tr>
      </tbody>
    </table>
    ${reason.because.length
      ? html`<table>
          <caption>The same score by the history</caption>
          <tbody>
            ${reason.because.map((cause) => html`<tr key=${cause.item_id}><th scope="row"><a dir="auto" href=${itemHref(cause.item_id)}>${nameOf(cause)}</a>${takeOut ? html` <${WithoutButton} item=${cause} toggle=${takeOut} />` : null}</th><td class="n">${percent(cause.share)}</td><td class="n">${score(cause.score)}</td></tr>`)}
            <tr><th scope="row">the rest of the history</th><td class="n">${of ? percent(reason.others / of) : ""}</td><td class="n">${score(reason.others)}</td></tr>
            ${reason.popularity ? html`<tr><th scope="row">popularity</th><td></td><td class="n">${score(reason.popularity)}</td></tr>` : null}
            <tr class="sum"><th scope="row">Score</th><td></td><td class="n">${score(total)}</td></tr>
          </tbody>
        </table>`
      : null}
  </div>`;
}

/** How an item moved since the list before: {was} is its old rank, 0 if it was not there, null without an older list. */
export function Move({ rank, was }) {
  if (was === null || was === rank) return null;
  if (!was) return html`<span class="move new">new</span>`;
  const up = was > rank;
  return html`<span class=${up ? "move up" : "move down"} aria-label=${`${up ? "up" : "down"} from ${was}`}>${up ? "▲" : "▼"}${Math.abs(was - rank)}</span>`;
}

/**
 * A card of a listed item. `most` is the largest score of the list, `was` as for Move, `actions` are buttons, `details` is a
 * component that is made when the card is opened.
 */
export function Card({ item, most, was = null, actions = null, details = null, query = "" }) {
  const [open, setOpen] = useState(false);
  const { reason } = item;
  return html`<li class="card" data-item=${item.item_id}>
    <div class="place"><span class="rank">${item.rank}</span><${Move} rank=${item.rank} was=${was} /></div>
    <${Cover} title=${item.title} id=${item.item_id} attributes=${item.attributes} />
    <div class="body">
      <${Title} item=${item} query=${query} />
      <${Attributes} attributes=${item.attributes} />
      ${reason ? html`<${ScoreBar} reason=${reason} most=${most} total=${item.score} />` : html`<p class="quiet">score ${score(item.score)}</p>`}
      ${reason && (open || item.rank === 1) ? html`<${InWords} item=${item} />` : null}
      ${reason ? html`<${Because} reason=${reason} />` : null}
      <div class="row actions">
        ${details ? html`<button type="button" class="link why-button" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Less" : "Why, and what would change it"}</button>` : null}
        ${actions}
      </div>
      ${open ? html`<div class="details">${details()}</div>` : null}
    </div>
  </li>`;
}

/** A small card without a score, for members, histories and matches. `note` stands at its right; `out`: the item does not count. */
export function SmallCard({ item, note = null, href = itemHref(item.item_id), out = false, children = null }) {
  return html`<li class=${out ? "small-card out" : "small-card"} data-item=${item.item_id}>
    <${Cover} title=${item.title} id=${item.item_id} attributes=${item.attributes} />
    <span class="grow"><a class="title" href=${href} dir="auto" title=${nameOf(item)}>${nameOf(item)}</a>${children}</span>
    ${note === null ? null : html`<span class="note">${note}</span>`}
  </li>`;
}
