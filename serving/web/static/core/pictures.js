/** Pictures of items: fetched with the key, as an <img> cannot send one, and kept while the view is open. */
import { useEffect, useState } from "../vendor/preact.js";
import { apiKey, url, withId } from "./api.js";

/** The attribute of items that have a picture; empty if the service has no pictures. */
export const PICTURES = document.documentElement.dataset.pictures;

const MOST = 400; // pictures that are kept
const kept = new Map(); // promises of addresses, by item

async function load(id) {
  const key = apiKey.get();
  const response = await fetch(url(withId("/pictures", id)), { headers: key ? { "X-API-Key": key } : {}, credentials: "omit" });
  return response.ok ? URL.createObjectURL(await response.blob()) : "";
}

/** Return the address of an item's picture; "" while it is on its way and if there is none. `id` null asks for none. */
export function usePicture(id) {
  const [picture, setPicture] = useState("");
  useEffect(() => {
    if (id === null) return undefined;
    let here = true;
    if (!kept.has(id)) {
      if (kept.size >= MOST) {
        const [oldest] = kept.keys();
        kept.get(oldest).then((old) => old && URL.revokeObjectURL(old));
        kept.delete(oldest);
      }
      kept.set(id, load(id).catch(() => ""));
    }
    kept.get(id).then((found) => here && setPicture(found));
    return () => {
      here = false;
    };
  }, [id]);
  return id === null ? "" : picture;
}
