/** A request as a command or a program that a person can paste. The key is a variable, never the key itself. */
import { address, apiKey, url } from "./api.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Return the request as a curl command. */
export function asCurl({ method = "GET", path, params, body }) {
  const parts = ["curl -s"];
  if (method !== "GET" && body === undefined) parts.push(`-X ${method}`);
  if (apiKey.get()) parts.push(`-H "X-API-Key: $RECSYS_KEY"`);
  if (body !== undefined) parts.push(`-H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`);
  return [...parts, quoted(location.origin + url(address(path, params)))].join(" ");
}

/** Return the request as a Python program of the standard library. */
export function asPython({ method = "GET", path, params, body }) {
  const headers = [];
  if (apiKey.get()) headers.push(`"X-API-Key": os.environ["RECSYS_KEY"]`);
  if (body !== undefined) headers.push(`"Content-Type": "application/json"`);
  const options = [];
  if (body !== undefined) options.push(`data=json.dumps(body).encode()`);
  if (headers.length) options.push(`headers={${headers.join(", ")}}`);
  if (method !== "GET") options.push(`method="${method}"`);
  const target = JSON.stringify(location.origin + url(address(path, params)));
  const lines = ["import json", ...(apiKey.get() ? ["import os"] : []), "from urllib.request import Request, urlopen", ""];
  if (body !== undefined) lines.push(`body = json.loads(${JSON.stringify(JSON.stringify(body))})`);
  lines.push(`request = Request(${[target, ...options].join(", ")})`, "with urlopen(request) as response:");
  lines.push("    print(json.dumps(json.load(response), indent=1, ensure_ascii=False))");
  return lines.join("\n");
}
