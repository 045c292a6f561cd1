// How sure the model is of its guesses: the cut that a person chooses, and how often such guesses
// were wrong on blind checks.

import { percent } from "../dom.js";

const SHARES = [0.99, 0.95, 0.9, 0.8, 0.6];

// [value of the option, its text]; `cutOf` turns the value into what the server takes.
export const CUTS = [
  ["", "every guess"],
  ...SHARES.map((share) => [`least ${share}`, `${percent(share)} sure or more`]),
  ...SHARES.map((share) => [`below ${share}`, `less than ${percent(share)} sure`]),
];

export function cutOf(value) {
  const [side, share] = value.split(" ");
  return side ? { [side]: Number(share) } : {};
}

export function isCut({ least, below }) {
  return least !== undefined || below !== undefined;
}

// What blind checks say about guesses of class `name`; empty if nothing may be said here.
export function checksText({ rate, counting }, name, { least, below }) {
  if (!rate) return counting ? "Counting blind checks …" : "";
  const surely = least !== undefined ? " this surely" : below !== undefined ? ` less surely than ${percent(below)}` : "";
  const [checks, were] = [plural(rate.checks, "blind check"), rate.wrong === 1 ? "was" : "were"];
  const called = `that the model called “${name}”${surely}`;
  if (rate.low === null)
    return `How many of these are wrong is not known yet. There ${rate.checks === 1 ? "is" : "are"} ${checks} ${called}; ${rate.needed} are needed.`;
  const [share, low, high] = [rate.wrong / rate.checks, rate.low, rate.high].map(percent);
  return `Of ${checks} ${called}, ${rate.wrong} ${were} wrong: ${share} (95% interval: ${low} to ${high}).`;
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
