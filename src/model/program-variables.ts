/** The variable that holds the path of an input: upper case, all but letters and digits as `_`. */
export function inputVariable(dataset: string): string {
  return `WHERRY_IN_${variable(dataset)}`;
}

export function outputVariable(dataset: string): string {
  return `WHERRY_OUT_${variable(dataset)}`;
}

function variable(dataset: string): string {
  return dataset.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
