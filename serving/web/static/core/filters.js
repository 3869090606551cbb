/** Filters of a view: strings in the short form of the API, one value each: `genres:Drama`, `year>=1990`. */

/** Return {attribute, operator, value} of a filter. */
export function parse(filter) {
  const match = /^(.+?)(!:|>=|<=|:)(.*)$/s.exec(filter);
  return match ? { attribute: match[1], operator: match[2], value: match[3] } : { attribute: filter, operator: ":", value: "" };
}

/** Return whether a query string can say it: commas separate values there. */
const plain = ({ attribute, operator, value }) => !/[:<>!=,]/.test(attribute) && (operator !== ":" || !value.includes(","));

/** Return the values of `filter` parameters: the values of one attribute are joined, as any of them is enough. */
export function asParams(filters) {
  const joined = new Map();
  for (const filter of filters) {
    const { attribute, operator, value } = parse(filter);
    const key = operator === ":" ? attribute + operator : filter;
    joined.set(key, joined.has(key) ? `${joined.get(key)},${value}` : attribute + operator + value);
  }
  return [...joined.values()];
}

/** Return the filters as objects of a body, in which values may hold commas. */
export function asObjects(filters) {
  const any = new Map();
  const bounds = [];
  for (const { attribute, operator, value } of filters.map(parse)) {
    if (operator === ":") any.set(attribute, [...(any.get(attribute) || []), value]);
    else bounds.push({ attribute, [operator === ">=" ? "min" : "max"]: Number(value) });
  }
  return [...[...any].map(([attribute, values]) => ({ attribute, any: values })), ...bounds];
}

/** Return whether all filters can be parameters of a query string. */
export const allPlain = (filters) => filters.map(parse).every(plain);

/** Return `filters` with `filter` added, or without it if it is there. */
export const toggled = (filters, filter) =>
  filters.includes(filter) ? filters.filter((one) => one !== filter) : [...filters, filter];

/** Return `filters` with another bound of an attribute; "" removes it. `operator` is >= or <=. */
export function bounded(filters, attribute, operator, value) {
  const others = filters.filter((one) => {
    const found = parse(one);
    return found.attribute !== attribute || found.operator !== operator;
  });
  return value === "" || !Number.isFinite(Number(value)) ? others : [...others, attribute + operator + Number(value)];
}
