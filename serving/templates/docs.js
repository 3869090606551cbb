"use strict";
(() => {
  const base = new URL(".", location.href).href.replace(/\/$/, "");
  const key = document.querySelector("#key input");
  const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'");

  function requestOf(form) {
    const query = [];
    const headers = {};
    let path = form.dataset.path;
    let body;
    for (const field of form.elements) {
      const place = field.dataset.in;
      if (place === "path") path = path.replace("{" + field.name + "}", () => encodeURIComponent(field.value));
      if (field.value === "") continue;
      const values = "repeated" in field.dataset ? field.value.split("\n").filter(Boolean) : [field.value];
      if (place === "query") for (const one of values) query.push(field.name + "=" + encodeURIComponent(one));
      if (place === "header") headers[field.name] = field.value;
      if (place === "body") {
        body = field.value;
        headers["Content-Type"] = "application/json";
      }
    }
    if (key.value) headers["X-API-Key"] = key.value;
    const url = base + path + (query.length ? "?" + query.join("&") : "");
    return { url, options: { method: form.dataset.method, headers, body } };
  }

  function curlOf({ url, options }) {
    const words = ["curl"];
    if (options.method !== "GET") words.push("-X", options.method);
    words.push(url);
    for (const [name, value] of Object.entries(options.headers)) {
      words.push("-H", name === "X-API-Key" ? "X-API-Key: $KEY" : name + ": " + value);
    }
    if (options.body !== undefined) words.push("-d", options.body);
    return words.map((word) => (word === "X-API-Key: $KEY" ? '"' + word + '"' : quoted(word))).join(" ");
  }

  function shown(text, type) {
    try {
      return type.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
    } catch {
      return text;
    }
  }

  async function send(form) {
    const output = form.querySelector("output");
    const { url, options } = requestOf(form);
    output.textContent = "…";
    const head = document.createElement("p");
    const status = document.createElement("b");
    const result = document.createElement("pre");
    try {
      const began = performance.now();
      const answer = await fetch(url, { ...options, credentials: "omit", cache: "no-store" });
      const text = await answer.text();
      const took = (performance.now() - began).toFixed(0);
      status.textContent = answer.status + " ";
      status.className = "s" + Math.floor(answer.status / 100);
      head.append(status, took + " ms, X-Request-ID " + answer.headers.get("X-Request-ID"));
      result.textContent = shown(text, answer.headers.get("Content-Type") || "");
    } catch (error) {
      head.textContent = "No answer: " + error.message;
    }
    output.replaceChildren(head, result);
  }

  for (const form of document.querySelectorAll("form[data-path]")) {
    const line = form.closest("article").querySelector(".curl");
    const update = () => { line.textContent = curlOf(requestOf(form)); };
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => { event.preventDefault(); send(form); });
    key.addEventListener("input", update);
    update();
  }
  document.querySelector("#key").addEventListener("submit", (event) => event.preventDefault());
  for (const element of document.querySelectorAll(".try")) element.hidden = false;
})();
