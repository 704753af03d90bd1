import { getNonce } from "get-nonce";

// Style elements that are made from here on get the page's nonce, so that the content security
// policy lets them through: the terminal's library makes some, in places that cannot be told to.
const create = document.createElement.bind(document);
document.createElement = (name: string, options?: ElementCreationOptions) => {
  const element = create(name, options);
  if (name === "style") element.nonce = getNonce() ?? "";
  return element;
};

/** The document for the terminal: style attributes are set as properties, which needs no leave. */
export function styled(): Document {
  const free = (name: string) => {
    const element = document.createElement(name);
    const set = element.setAttribute.bind(element);
    element.setAttribute = (attribute, value) => {
      if (attribute === "style") element.style.cssText = value;
      else set(attribute, value);
    };
    return element;
  };
  return new Proxy(document, {
    get(target, name) {
      if (name === "createElement") return free;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
