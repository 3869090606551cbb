/** Colors of points: 12 hues that differ in lightness too, their shades, and a ramp for numbers; one set for each theme. */
import { useEffect, useState } from "../vendor/preact.js";

// found by a search: at least 20 apart (CIE 1976) in the eyes of deuteranopes and protanopes, contrast 3 and more against the background
const HUES = {
  light: ["#0792d6", "#e07b00", "#005f3a", "#74004e", "#5680f7", "#839e52", "#760d04", "#02a3ae", "#be6571", "#4d2692", "#825f01", "#665384"],
  dark: ["#4075ea", "#f0a059", "#217f42", "#b540a9", "#94b5f5", "#c5f3a6", "#ff6975", "#00ffd3", "#ad6d8c", "#83f0ff", "#7d7600", "#ffe85f"],
};
const RAMPS = {
  light: ["#440154", "#3b528b", "#21808d", "#2fa866", "#8fb61a"],
  dark: ["#6a63c9", "#3f8fc0", "#2fb59a", "#8ad653", "#fde725"],
};
const GRAYS = { light: "#8b93a3", dark: "#6b7488" };
const SHADES = [0, 0.38, -0.32, 0.6, -0.5];

const mix = (a, b, part) => a.map((x, n) => Math.round(x + (b[n] - x) * part));

/** Return [red, green, blue] of a color such as #fff or #0e1118. */
export function parseHex(hex) {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join("") : hex.slice(1);
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
}

export const N_HUES = HUES.light.length;

/** Return a color as CSS has it. */
export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/** Return the color of what has no group or no value. */
export const gray = (theme) => parseHex(GRAYS[theme]);

/** Return the color of the group with a number: one of the hues, after these their shades. */
export function hueOf(number, theme) {
  const shade = SHADES[Math.floor(number / N_HUES) % SHADES.length];
  return mix(parseHex(HUES[theme][number % N_HUES]), shade > 0 ? [255, 255, 255] : [0, 0, 0], Math.abs(shade));
}

/** Return 256 colors for numbers from low to high. */
export function rampOf(theme) {
  const stops = RAMPS[theme].map(parseHex);
  return Array.from({ length: 256 }, (_, n) => {
    const place = (n / 255) * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(place));
    return mix(stops[stop], stops[stop + 1], place - stop);
  });
}

/** Return the ramp as a CSS image. */
export const rampImage = (theme) => `linear-gradient(90deg, ${RAMPS[theme].join(", ")})`;

const themeNow = () => document.documentElement.dataset.theme;

/** Return the theme of the page, "light" or "dark". */
export function useTheme() {
  const [theme, setTheme] = useState(themeNow);
  useEffect(() => {
    const read = () => setTheme(themeNow());
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => observer.disconnect();
  }, []);
  return theme;
}
