/** What is known of the model that serves, so that a view asks for no part that the model lacks. */
import { withId } from "./api.js";
import { useAnswer } from "./hooks.js";

/**
 * Return {model, settled}: the details of the model, as `GET /models/<version>` has them, null without a store, and whether the
 * answer is there.
 */
export function useServedModel() {
  const models = useAnswer({ path: "/models" });
  const version = models.data?.model_version;
  const stored = Boolean(models.data?.models.some((one) => one.model_version === version && !one.problem));
  const details = useAnswer(stored ? { path: withId("/models", version) } : null);
  return { model: details.data, settled: Boolean(models.error || details.data || details.error || (models.data && !stored)) };
}

/** Whether the model may have a part, such as `tagging`; true while nothing is known of it. */
export const mayHave = (model, part) => !model || model.extras.includes(part);
