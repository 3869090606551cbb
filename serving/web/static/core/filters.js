/** Filters of a view: strings in the short form of the API, one value each: `genres:Drama`, `year>=1990`. */

const BOUNDS = { ">=": "min", "<=": "max" };

/** Return {attribute, operator, value} of a filter. */
export function parse(filter) {
  const match = /^(.+?)(!:|>=|<=|[:<>])(.*)$/s.exec(filter);
  return match ? { attribute: match[1], operator: match[2], value: match[3] } : { attribute: filter, operator: ":", value: "" };
}

/** Return whether filters can name an attribute: not if its name has what begins an operator. */
export const nameable = (attribute) => attribute !== "" && !/.[:<>]/s.test(attribute);

/** Return whether a query string can have a filter: commas separate values there, and no value is empty. */
export const isPlain = (filter) => {
  const { operator, value } = parse(filter);
  return operator !== ":" || (value !== "" && !value.includes(","));
};

/** Return the values of `filter` parameters: the values of one attribute are joined, as any of them is enough. Only plain filters. */
export function asParams(filters) {
  const joined = new Map();
  for (const filter of filters.filter(isPlain)) {
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
    else if (operator === "!:") bounds.push({ attribute, none: value.split(",") });
    else bounds.push({ attribute, [BOUNDS[operator] || operator]: Number(value) }); // the service says that it has no > and < there
  }
  return [...[...any].map(([attribute, values]) => ({ attribute, any: values })), ...bounds];
}

/** Return whether all filters can be parameters of a query string. */
export const allPlain = (filters) => filters.every(isPlain);

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
