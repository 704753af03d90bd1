import "./Prose.css";
import "@mantine/core/styles/Typography.css";
import { Typography } from "@mantine/core";
import { lexer, type MarkedToken, type Token } from "marked";
import { createContext, Fragment, type JSX, type ReactNode, useContext } from "react";

const DEEPEST = 24;
// What operators upload, see ImagePicker.
const OWN_IMAGE = /^\/api\/v1\/images\/[0-9a-f]{32}$/;
// A file of a challenge's folder.
const OF_CHALLENGE = /^(?:\.\/)?images\/([^./?#\\][^/?#\\]*)$/;
const ImagesOf = createContext("");
const SCHEMES = ["http:", "https:", "mailto:"];

/**
 * Markdown as elements: nothing is ever read as HTML. Raw HTML stays text; addresses other than
 * http(s) and mail are only text. Images of the platform's own are shown, and those that a text of
 * the challenge `imagesOf` has in its folder; others would tell another server who reads, so they
 * are links.
 */
export function Prose({ text, imagesOf = "" }: { text: string; imagesOf?: string }) {
  let tokens: Token[];
  try {
    tokens = lexer(text);
  } catch {
    return <p className="wrap">{text}</p>; // nested deeper than the reader's stack
  }
  return (
    <ImagesOf value={imagesOf}>
      <Typography className="prose">{all(tokens, 0)}</Typography>
    </ImagesOf>
  );
}

function all(tokens: Token[], depth: number): ReactNode {
  return tokens.map((token, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a text's parts are not moved
    <Fragment key={place}>{one(token as MarkedToken, depth)}</Fragment>
  ));
}

function one(token: MarkedToken, depth: number): ReactNode {
  if (depth > DEEPEST) return token.raw;
  const inner = (tokens: Token[] | undefined) => all(tokens ?? [], depth + 1);
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "paragraph":
      return <p>{inner(token.tokens)}</p>;
    case "heading": {
      // The page's own heading stands above these.
      const Heading = `h${Math.min(6, token.depth + 2)}` as keyof JSX.IntrinsicElements;
      return <Heading>{inner(token.tokens)}</Heading>;
    }
    case "code":
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote>{inner(token.tokens)}</blockquote>;
    case "list":
      return token.ordered ? (
        <ol start={Number(token.start)}>{inner(token.items)}</ol>
      ) : (
        <ul>{inner(token.items)}</ul>
      );
    case "list_item":
      return <li>{inner(token.tokens)}</li>;
    case "checkbox":
      return token.checked ? "☑ " : "☐ ";
    case "table":
      return (
        <table>
          <thead>
            <Row cells={token.header} of="th" depth={depth} />
          </thead>
          <tbody>
            {token.rows.map((cells, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a text's parts are not moved
              <Row key={place} cells={cells} of="td" depth={depth} />
            ))}
          </tbody>
        </table>
      );
    case "hr":
      return <hr />;
    case "br":
      return <br />;
    case "strong":
      return <strong>{inner(token.tokens)}</strong>;
    case "em":
      return <em>{inner(token.tokens)}</em>;
    case "del":
      return <del>{inner(token.tokens)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "link":
      return <Out to={token.href}>{inner(token.tokens)}</Out>;
    case "image":
      return <Image href={token.href} text={token.text} />;
    case "html":
      return token.text;
    case "text":
      return token.tokens ? inner(token.tokens) : plainly(token.text);
    case "escape":
      return token.text;
  }
}

function Row({ cells, of: Cell, depth }: { cells: Cells; of: "th" | "td"; depth: number }) {
  return (
    <tr>
      {cells.map(({ tokens, align }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text's parts are not moved
        <Cell key={place} style={{ textAlign: align ?? undefined }}>
          {all(tokens, depth + 1)}
        </Cell>
      ))}
    </tr>
  );
}

/** A name as a segment of an address; in Markdown it may be encoded already. */
function encoded(name: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(name));
  } catch {
    return encodeURIComponent(name);
  }
}

/** An image of the platform's, or of the challenge whose text this is. */
function Image({ href, text }: { href: string; text: string }) {
  const challengeId = useContext(ImagesOf);
  const [, name] = (challengeId && OF_CHALLENGE.exec(href)) || [];
  const src = name
    ? `/api/v1/challenges/${challengeId}/images/${encoded(name)}`
    : OWN_IMAGE.test(href) && href;
  if (!src) return <Out to={href}>{text || href}</Out>;
  return <img src={src} alt={text} loading="lazy" />;
}

type Cells = Extract<MarkedToken, { type: "table" }>["header"];

/** A link to elsewhere, which does not learn where it was followed from. */
function Out({ to, children }: { to: string; children: ReactNode }) {
  if (!SCHEMES.includes(URL.parse(to, location.href)?.protocol ?? "")) return children;
  return (
    <a href={to} rel="noopener noreferrer nofollow" target="_blank">
      {children}
    </a>
  );
}

/** `&lt;` and its like as the characters they stand for. */
function plainly(text: string): string {
  return text.replace(
    /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][\da-z]{1,31});/gi,
    (entity) =>
      new DOMParser().parseFromString(entity, "text/html").documentElement.textContent || entity,
  );
}
