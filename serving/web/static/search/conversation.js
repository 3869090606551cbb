/** A conversation: what is wanted in words, the items that follow, and a question that narrows them. */
import { html, useEffect, useRef } from "../vendor/preact.js";
import { asObjects } from "../core/filters.js";
import { whole } from "../core/format.js";
import { announce, useAnswer } from "../core/hooks.js";
import { SmallCard, itemHref } from "../parts/items.js";
import { toast } from "../parts/layout.js";
import { Optional } from "../parts/optional.js";
import { Notices } from "../parts/states.js";
import { NOTHING, useTalk } from "./stored.js";
import { Understood } from "./understood.js";

const K = 6;
const MOST_TEXTS = 100; // that a request can take back
const LONGEST = 4000;

export function Conversation({ user, filters }) {
  const [talk, setTalk] = useTalk();
  const { messages, ignored } = talk;
  const ignore = ignored.flatMap(({ texts }) => texts).slice(0, MOST_TEXTS);
  const body = { messages, k: K, ...(user ? { user_id: user } : {}), ...(filters.length ? { filters: asObjects(filters) } : {}), ...(ignore.length ? { ignore } : {}) };
  const answer = useAnswer(messages.length ? { method: "POST", path: "/chat", body } : null);
  const log = useRef(null);
  useEffect(() => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
    if (answer.data) announce(introOf(answer.data));
  }, [answer.data, messages]);
  const say = (content) => {
    const replied = answer.data && messages.length ? [{ role: "assistant", content: answer.data.reply }] : []; // whole, as the service reads it
    setTalk({ messages: [...messages, ...replied, { role: "user", content }], ignored });
  };
  const begin = () => {
    setTalk(NOTHING);
    toast("New conversation", () => setTalk(talk));
  };
  return html`<section class="panel conversation" id="side-ask" aria-label="Conversation">
    <div class="row"><h2 class="grow">Ask</h2>${messages.length ? html`<button type="button" class="link" onClick=${begin}>New conversation</button>` : null}</div>
    <div class="log" ref=${log} tabindex="0" role="group" aria-label="Messages">
      ${messages.length ? messages.map((message, n) => html`<${Said} key=${n} message=${message} />`) : html`<p class="quiet">Say what you like, what you do not like and from when it should be. The reply shows what was understood; take back what was not meant.</p>`}
      ${messages.length ? html`<${Optional} answer=${answer} rows=${2}>${(data) => html`<${Reply} data=${data} talk=${talk} setTalk=${setTalk} say=${say} user=${user} />`}<//>` : null}
    </div>
    <${Composer} onSay=${say} busy=${Boolean(messages.length) && answer.loading} />
  </section>`;
}

const Said = ({ message }) => html`<div class=${`said ${message.role}`}><span class="visually-hidden">${message.role === "user" ? "You: " : "Reply: "}</span><p dir="auto">${message.role === "user" ? message.content : withoutList(message.content)}</p></div>`;

/** Return a reply without its numbered items. */
const withoutList = (reply) => reply.split("\n").filter((line) => !/^\d+\. /.test(line)).join("\n") || reply;

/** Return the reply without the items and the question, which stand below it. */
function introOf({ reply, phrased_by: by, question }) {
  if (by !== "plain") return reply;
  return withoutList(reply).split("\n").filter((line) => line !== question?.text).join("\n");
}

function Reply({ data, talk, setTalk, say, user }) {
  const { messages, ignored } = talk;
  const query = user ? `?user=${encodeURIComponent(user)}` : "";
  return html`
    <div class="said assistant now"><p dir="auto">${introOf(data)}</p>
      ${data.fallback ? html`<p class="quiet">Nothing that was said narrows the items: these are popular ones.</p>` : html`<${Notices} answer=${data} />`}
      <${Understood} understood=${data.understood} messages=${messages} ignored=${ignored}
        onIgnore=${(one) => setTalk({ messages, ignored: [...ignored, one] })} onRestore=${(n) => setTalk({ messages, ignored: ignored.filter((_, i) => i !== n) })} />
      <ol class="plain small-cards">${data.items.map((item) => html`<${SmallCard} key=${item.item_id} item=${item} href=${itemHref(item.item_id, query)}><span class="quiet clip-1">${because(item.reason)}</span><//>`)}</ol>
      ${data.question ? html`<div class="question" role="group" aria-label="Question"><p>${data.question.text}</p><div class="row">${data.question.options.map((option) => html`<button key=${option.say} type="button" onClick=${() => say(option.say)}>${option.label} <span class="note">${whole(option.n)}</span></button>`)}</div></div>` : null}
    </div>`;
}

/** Return in words why a conversation leads to an item. */
function because({ near, attributes, words }) {
  const parts = [...attributes.map(({ value }) => value), ...words.map((word) => `“${word}”`)];
  if (near) parts.unshift(`like ${near.title || near.item_id}`);
  return parts.join(", ") || "near in meaning, or liked by many";
}

function Composer({ onSay, busy }) {
  const field = useRef(null);
  const submit = (event) => {
    event.preventDefault();
    const text = field.current.value.trim();
    if (!text || busy) return;
    field.current.value = "";
    onSay(text);
  };
  const key = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  };
  return html`<form class="composer" onSubmit=${submit}>
    <textarea ref=${field} rows="2" maxlength=${LONGEST} aria-label="Message" placeholder="something like …, but not …" onKeyDown=${key}></textarea>
    <button class="primary" disabled=${busy}>Send</button>
  </form>`;
}
