// The media: all that differs between samples of one kind and another, one entry for each.

import { ImageViewer } from "./image/stage.js";
import { large, load, Picture } from "./image/picture.js";
import { thumb } from "./image/thumb.js";
import { TILES } from "./image/tiles.js";
import { LIST } from "./text/list.js";
import * as reading from "./text/reading.js";
import { Snippet, thumb as snippet } from "./text/snippet.js";
import { TextViewer } from "./text/stage.js";

export const VIEWERS = {
  image: {
    words: { one: "image", many: "images", evidence: "where the model looks" },
    Viewer: ImageViewer, // one sample on the stage: new Viewer(api, whether the person may see the model’s evidence)
    load, // (api, card) -> a promise of the content, from the network
    ready: (image) => image.decode(), // … until it can be shown at once
    said: (_image, card) => card.name, // … in words, for those who do not see it
    thumb, // (api, sample id) -> a small view
    Tile: Picture, // what a tile of the grid shows
    large, // (api, card) -> what an enlarged tile shows
    layout: TILES, // of the grid
    explaining: [], // actions for those who may see the model’s evidence
    // What the keys do while one sample is shown: action -> [key, what it does].
    actions: {
      bigger: ["+", "zoom in"],
      smaller: ["-", "zoom out"],
      fit: [".", "whole image, or one pixel to one pixel"],
      keep: [",", "keep the zoom for the next images, or not"],
      darker: ["[", "darker"],
      brighter: ["]", "brighter"],
      flatter: ["{", "less contrast"],
      harder: ["}", "more contrast"],
      plain: ["\\", "reset brightness and contrast"],
    },
    repeats: ["bigger", "smaller", "darker", "brighter", "flatter", "harder"], // while a key is held
    gestures: [
      ["wheel, pinch", "zoom at the pointer"],
      ["double click", "whole image, or one pixel to one pixel"],
      ["drag, arrows", "move the image while it is zoomed in"],
    ],
    brief: [
      ["+ − . ,", "zoom in, zoom out, whole image or one to one, keep the zoom"],
      ["[ ] { } \\", "brightness, contrast, reset"],
    ],
    // The buttons below the stage: [action, sign, what it does].
    tools: [
      ["smaller", "−", "zoom out"],
      ["fit", "fit", "whole image, or one to one"],
      ["bigger", "+", "zoom in"],
      ["keep", "keep", "keep the zoom for the next images"],
    ],
  },
  text: {
    words: { one: "text", many: "texts", evidence: "the words that speak for a class" },
    Viewer: TextViewer,
    load: reading.load,
    ready: reading.ready,
    said: reading.said,
    thumb: snippet,
    Tile: Snippet,
    large: reading.large,
    layout: LIST,
    explaining: ["marks"],
    actions: {
      bigger: ["+", "larger letters"],
      smaller: ["-", "smaller letters"],
      fit: [".", "letters of the usual size"],
      marks: [",", "mark the words that speak for the guess, or not"],
    },
    repeats: ["bigger", "smaller"],
    gestures: [
      ["double click", "letters of the usual size"],
      ["↑ ↓ Home End", "scroll a long text, as the page keys do"],
    ],
    brief: [
      ["+ − .", "larger letters, smaller, the usual size"],
      [",", "mark the words that speak for the model’s guess"],
      ["↑ ↓ Home End", "scroll a long text, as the page keys do then"],
    ],
    tools: [
      ["smaller", "A−", "smaller letters"],
      ["fit", "100%", "letters of the usual size"],
      ["bigger", "A+", "larger letters"],
      ["marks", "words", "mark the words that speak for the guess"],
    ],
  },
};

// The medium of a project, as far as this person may use it.
export function mediumOf({ medium = "image", explains = true }) {
  const found = VIEWERS[medium];
  const may = ([name]) => explains || !found.explaining.includes(name);
  return { ...found, explains, actions: Object.fromEntries(Object.entries(found.actions).filter(may)), tools: found.tools.filter(may) };
}
