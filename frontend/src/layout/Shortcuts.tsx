import "@mantine/core/styles/Kbd.css";
import "@mantine/core/styles/Table.css";
import { Kbd, Modal, Switch, Table } from "@mantine/core";
import { useState } from "react";
import { t } from "../i18n";
import { keysAreOn, PLACES, switchKeys, withKeys } from "./useShortcuts";

const nameOf = (element: HTMLElement) =>
  element.ariaLabel ||
  (element as HTMLInputElement).labels?.[0]?.textContent ||
  element.textContent ||
  "";

/** The keys there are: everywhere, and on the page that one came from. */
export function Shortcuts({ close }: { close: () => void }) {
  const [on, setOn] = useState(keysAreOn);
  const [here] = useState(() =>
    withKeys().map((each) => [[each.ariaKeyShortcuts!], nameOf(each)] as const),
  );
  const everywhere = [
    [["Ctrl", "K"], t("Find a page, a competition, a challenge, a team")],
    [["?"], t("This list")],
    ...Object.entries(PLACES).map(([key, [, name]]) => [["g", key], t(name)] as const),
  ] as const;
  return (
    <Modal opened onClose={close} title={t("Keyboard shortcuts")}>
      <Table>
        <Table.Tbody>
          {[...everywhere, ...here].map(([keys, does]) => (
            <Table.Tr key={`${keys.join(" ")} ${does}`}>
              <Table.Td>
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td className="wrap">{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Switch
        mt="md"
        label={t("Single keys do something")}
        checked={on}
        onChange={(event) => {
          setOn(event.currentTarget.checked);
          switchKeys(event.currentTarget.checked);
        }}
      />
    </Modal>
  );
}
