/* Colours derived from the site's accent, so that text stays readable whatever it is. [r, g, b], 0–255. */

const mix = (a, b, share) => a.map((value, at) => Math.round(value + (b[at] - value) * share));
const css = (colour) => `rgb(${colour.join(' ')})`;

/** What accent-coloured text may stand on: the bubble of the bot is the hardest. */
const SURFACE = { light: [236, 239, 242], dark: [46, 50, 58] };

/** Set the derived colours of a theme. @param {{accent: number[], ink: number[], contrast: Function, root: HTMLElement}} ctx */
export function paint({ accent, ink, contrast, root }, theme) {
  const towards = theme === 'dark' ? [255, 255, 255] : [0, 0, 0];
  let share = 0;
  while (share < 1 && contrast(mix(accent, towards, share), SURFACE[theme]) < 4.6) share += 0.04;
  const inkIsLight = contrast(ink, [0, 0, 0]) > contrast(ink, [255, 255, 255]);
  // Away from the ink's side, so that the gradient's other end is never harder to read than the accent.
  const deep = mix(accent, inkIsLight ? [0, 0, 0] : [255, 255, 255], 0.28);
  root.style.setProperty('--link', css(mix(accent, towards, share)));
  root.style.setProperty('--deep', css(deep));
  root.dataset.theme = theme;
}
