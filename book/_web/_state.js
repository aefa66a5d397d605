// The fields of the calculator: what stands in them, what is wrong with it, and the address.
import { ArgumentError, RULES } from "./_arguments.js";

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

// The number in a field: a decimal point in every language, 1e-3 and the real minus sign too.
export function readNumber(input) {
  const text = input.value.trim().replace("−", "-");
  if (text === "") throw new ArgumentError(input.id, "is missing; give a number.");
  if (!DECIMAL.test(text)) {
    throw new ArgumentError(input.id, `must be a number such as 12.5; got ${input.value.trim()}.`);
  }
  return Number(text);
}

// Names of the inputs to their numbers, and an error for each that holds none it may hold.
export function readAll(inputs) {
  const values = {}, errors = [];
  for (const input of inputs) {
    try {
      values[input.id] = RULES[input.id](input.id, readNumber(input));
    } catch (error) {
      errors.push(error);
    }
  }
  return { values, errors };
}

// Mark fields in error, tie each to its message, and free the others.
export function showErrors(form, inputs, errors) {
  for (const input of inputs) {
    const error = errors.find((each) => each.field === input.id);
    const note = form.querySelector(`#${input.id}-error`);
    note.textContent = error ? `${labelOf(input)} ${error.says}` : "";
    note.hidden = !error;
    if (error) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    const described = [input.dataset.hint, error && note.id].filter(Boolean).join(" ");
    if (described) input.setAttribute("aria-describedby", described);
    else input.removeAttribute("aria-describedby");
    if (error) input.closest("details")?.setAttribute("open", "");
  }
}

export const labelOf = (input) => input.labels[0].textContent.trim();

// The address of what stands in the form: the price change always, the rest where it was altered.
export function query(form) {
  const search = new URLSearchParams();
  for (const input of form.querySelectorAll("input[name]")) {
    if (input.type === "radio") {
      if (input.checked && !input.defaultChecked) search.set(input.name, input.value);
    } else if (input.dataset.always || input.value !== input.defaultValue) {
      search.set(input.name, input.value.trim());
    }
  }
  return `?${search}`;
}

// Put what an address holds into the form; names that the form lacks are left alone.
export function restore(form, search) {
  for (const [name, value] of new URLSearchParams(search)) {
    for (const input of form.querySelectorAll("input[name]")) {
      if (input.name !== name) continue;
      if (input.type === "radio") input.checked = input.value === value || input.checked;
      else input.value = value;
    }
  }
}
