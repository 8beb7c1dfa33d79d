/** The fields of a form from its JSON Schema: an object of simple values, nothing deeper. */

export interface FormField {
  name: string;
  title: string;
  description: string | null;
  kind: "text" | "email" | "url" | "number" | "integer" | "boolean" | "choice" | "choices";
  required: boolean;
  /** Values and their labels. */
  options: [string, string][];
  initial: string | number | boolean | null;
  minimum: number | null;
  maximum: number | null;
}

interface Property {
  type?: string;
  title?: string;
  description?: string;
  format?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
  enumNames?: string[];
  oneOf?: { const?: unknown; title?: string }[];
  anyOf?: { const?: unknown; title?: string }[];
  items?: Property;
}

export function formFields(schema: Record<string, unknown>): FormField[] {
  const { properties, required } = schema as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return Object.entries(properties ?? {}).map(([name, property]) => ({
    name,
    title: property.title ?? name,
    description: property.description ?? null,
    kind: kindOf(property),
    required: required?.includes(name) ?? false,
    options: optionsOf(property.type === "array" ? (property.items ?? {}) : property),
    initial: initialOf(property.default),
    minimum: property.minimum ?? null,
    maximum: property.maximum ?? null,
  }));
}

/** What is sent for what was entered; `undefined` for an optional field that was left empty. */
export function valueOf(field: FormField, entered: string | boolean | string[]): unknown {
  if (typeof entered !== "string") return entered;
  if (entered === "" && !field.required) return undefined;
  return field.kind === "number" || field.kind === "integer" ? Number(entered) : entered;
}

function kindOf(property: Property): FormField["kind"] {
  if (property.type === "array") return "choices";
  if (optionsOf(property).length > 0) return "choice";
  switch (property.type) {
    case "boolean":
    case "number":
    case "integer":
      return property.type;
    default:
      return property.format === "email" ? "email" : property.format === "uri" ? "url" : "text";
  }
}

function optionsOf(property: Property): [string, string][] {
  if (property.enum) {
    return property.enum.map((value, index) => [
      String(value),
      property.enumNames?.[index] ?? String(value),
    ]);
  }
  const named = property.oneOf ?? property.anyOf ?? [];
  return named.flatMap(({ const: value, title }) =>
    value === undefined ? [] : [[String(value), title ?? String(value)] as [string, string]],
  );
}

function initialOf(value: unknown): FormField["initial"] {
  const isSimple = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return isSimple ? value : null;
}
