import { getNonce } from "get-nonce";

// Style elements that are made from here on get the page's nonce, so that the content security
// policy lets them through: the terminal's library makes some, and takes no nonce.
const create = document.createElement.bind(document);
document.createElement = (name: string, options?: ElementCreationOptions) => {
  const element = create(name, options);
  if (name === "style") element.nonce = getNonce() ?? "";
  return element;
};

/** A document for the terminal: its elements set style attributes as properties, which is allowed. */
export function terminalDocument(): Document {
  const createUnstyled = (name: string) => {
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
      if (name === "createElement") return createUnstyled;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
