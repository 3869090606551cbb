/** The conversation: its turns and what was taken back, kept until the tab is closed. */
import { useCallback, useState } from "../vendor/preact.js";

const PLACE = "recsys.chat";
export const NOTHING = { messages: [], ignored: [] };

function read() {
  try {
    const { messages, ignored } = JSON.parse(sessionStorage.getItem(PLACE));
    return Array.isArray(messages) && Array.isArray(ignored) ? { messages, ignored } : NOTHING;
  } catch {
    return NOTHING;
  }
}

/** Return [talk, setTalk]; `talk` is {messages: [{role, content}], ignored: [{label, texts}]}. */
export function useTalk() {
  const [talk, setTalk] = useState(read);
  const set = useCallback((next) => {
    sessionStorage.setItem(PLACE, JSON.stringify(next));
    setTalk(next);
  }, []);
  return [talk, set];
}
