/** What the API takes as labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const name = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const domain = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Whether the API takes it as the key of a label or annotation, e.g. `example.com/team`. */
export function isQualifiedName(key: string): boolean {
  const [last, first, ...more] = key.split("/").reverse();
  return more.length === 0 && name.test(last!) && (first === undefined || domain.test(first));
}

export function isLabelValue(value: string): boolean {
  return value === "" || name.test(value);
}

/** Whether the API takes it as the name of a container's port, of which it wants more than of a Service's (RFC 6335). */
export function isPortName(text: string): boolean {
  return /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(text);
}
