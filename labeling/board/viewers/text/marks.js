// Which words to mark, from the server's spans of evidence.

const WEAKEST = 0.2; // of the strongest evidence; less is not worth a mark
const [LEAST, MOST] = [14, 48]; // percent of the colour

// `spans` are [begin, end, logits] in code points of `text`, which JavaScript counts otherwise.
export function marksOf(text, spans) {
  const strongest = Math.max(...spans.map(([, , weight]) => Math.abs(weight)), 0);
  const shown = spans.filter(([begin, end, weight]) => end > begin && Math.abs(weight) > WEAKEST * strongest);
  const place = places(text);
  return shown
    .sort((one, other) => one[0] - other[0])
    .map(([begin, end, weight]) => ({
      begin: place(begin),
      end: place(end),
      strength: Math.round(LEAST + ((MOST - LEAST) * Math.abs(weight)) / strongest),
      against: weight < 0,
    }));
}

// From a number of code points to the position in the string.
function places(text) {
  if (!/[\u{10000}-\u{10ffff}]/u.test(text)) return (count) => Math.min(count, text.length);
  const starts = [];
  for (let at = 0; at < text.length; at += text.codePointAt(at) > 0xffff ? 2 : 1) starts.push(at);
  return (count) => starts[count] ?? text.length;
}
