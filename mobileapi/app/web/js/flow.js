// A service, walked through with its description alone, so that it works without
// a network: which question comes next, what was answered, and what is sent at
// the end as one form. Nothing here knows a page, a clock or a network.

/** begin starts a service. */
export function begin(service) {
  return { service, inputs: {}, shown: {}, trail: [service.steps[0].id] };
}

const stepOf = (flow, id) => flow.service.steps.find((s) => s.id === id);

/** step is the one where a flow stands. */
export function step(flow) {
  return stepOf(flow, flow.trail.at(-1));
}

/** nameOf is what a form calls the input of a step. */
const nameOf = (s) => s.input.name ?? s.id;

/**
 * answer takes the input of the step, and what the citizen has read it as, and
 * gives the flow behind it.
 */
export function answer(flow, value, shown = value) {
  const s = step(flow);
  const inputs = { ...flow.inputs, [nameOf(s)]: value };
  const next = s.input.options?.find((o) => o.value === value)?.next ?? (s.call ? undefined : s.next);
  return {
    ...flow, inputs, shown: { ...flow.shown, [nameOf(s)]: shown },
    trail: next ? [...flow.trail, next] : flow.trail, complete: !next,
  };
}

/** back is the flow a question earlier; undefined before the first. */
export function back(flow) {
  if (flow.complete) return { ...flow, complete: false };
  return flow.trail.length > 1 ? { ...flow, trail: flow.trail.slice(0, -1) } : undefined;
}

/** asks says that the flow waits for an answer that it can ask for itself. */
export function asks(flow) {
  const s = step(flow);
  return !flow.complete && Boolean(s.input) && s.input.type !== "item" && s.input.type !== "pin";
}

/** changes says that the form is a transaction, which is to be confirmed. */
export function changes(flow) {
  return step(flow).call === "transaction";
}

/** undoable is for how many seconds what the flow ends with can be taken back; 0 if it cannot. */
export function undoable(flow) {
  const s = step(flow);
  const ends = [s, ...(s.then ?? []).map((id) => stepOf(flow, id))];
  return ends.find((one) => one?.undo_seconds)?.undo_seconds ?? 0;
}

/** confirmation is what she says yes to. */
export function confirmation(flow) {
  return fill(step(flow).confirm ?? "", flow.shown);
}

/** prompt is the question of the step. */
export function prompt(flow) {
  return fill(step(flow).prompt ?? flow.service.about, flow.shown);
}

/** form is what is sent. */
export function form(flow) {
  return { service: flow.service.id, inputs: flow.inputs, ...(changes(flow) ? { confirm: true } : {}) };
}

const fill = (text, slots) => text.replace(/\{([\w-]+)\}/g, (whole, slot) => slots[slot] ?? whole);
