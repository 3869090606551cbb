/** Requests to the service that serves this page, and the API key that they carry. */

const KEY = "recsys.key";
const ROOT = document.documentElement.dataset.root;

/** An answer that is no success: a problem of the service, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(status, title, detail, requestId = "", retryAfter = 0) {
    super(detail || title);
    Object.assign(this, { status, title, detail, requestId, retryAfter });
  }
  /** Whether the same request can succeed later: no connection, overloaded, starting. */
  get passing() {
    return [0, 429, 502, 503, 504].includes(this.status);
  }
  /** Whether another key is needed. */
  get needsKey() {
    return this.status === 401 || this.status === 403;
  }
}

/** The API key: kept until the tab is closed. */
export const apiKey = {
  get: () => sessionStorage.getItem(KEY) || "",
  set(value) {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
    dispatchEvent(new Event("recsys:key"));
  },
};

/** Return the path of a request with its query string. Arrays repeat the parameter; null, "" and undefined are left out. */
export function address(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** Whether a path can end with an id: browsers take "." and ".." for folders, even when they are percent-encoded. */
export const fitsPath = (id) => id !== "." && id !== "..";

/** Return a path of the page or the service with an id as its last part. */
export const withId = (path, id) => `${path}/${encodeURIComponent(id)}`;

/** Return the address of a path of this service. */
export const url = (path) => ROOT + path;

let firstModel = ""; // of the answers that this view has had

/** Say when an answer is of another model than the answers before. What is asked of a version says nothing of the one that serves. */
function noteModel(path, { model_version: version }) {
  if (!version || path.startsWith("/models/")) return;
  firstModel ||= version;
  if (version !== firstModel) dispatchEvent(new CustomEvent("recsys:model", { detail: version }));
}

/**
 * Send a request and return the JSON of the answer (text if it is not JSON, null if it is empty).
 * `request` is {method, path, params, body}; a Blob is sent as it is, any other body as JSON. Throws ApiError; an aborted request throws AbortError.
 */
export async function send({ method = "GET", path, params, body }, signal) {
  if (path.split("/").some((part) => !fitsPath(part))) {
    throw new ApiError(400, "An address cannot have this id", 'browsers take the ids "." and ".." for folders; other clients can ask for them');
  }
  const headers = { Accept: "application/json" };
  const key = apiKey.get();
  if (key) headers["X-API-Key"] = key;
  const file = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = file ? body.type : "application/json";
  let response;
  let content;
  let json;
  try {
    response = await fetch(url(address(path, params)), {
      method,
      headers,
      signal,
      body: body === undefined || file ? body : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
    json = (response.headers.get("Content-Type") || "").includes("json");
    content = response.status === 204 ? null : json ? await response.json() : await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "No connection", response ? "the answer of the service broke off" : "the service does not answer");
  }
  if (response.ok) {
    if (json) noteModel(path, content);
    return content;
  }
  const { title = response.statusText, detail = "", request_id: id = "" } = json && content ? content : {};
  const error = new ApiError(response.status, title, detail, id, Number(response.headers.get("Retry-After")) || 0);
  if (error.needsKey) dispatchEvent(new CustomEvent("recsys:key-needed", { detail: error }));
  throw error;
}
