/** Lower-case letters, digits and single hyphens, as kedro-airflow-k8s names its tasks. Empty for a text that has neither. */
export function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}
