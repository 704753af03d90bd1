import "@xterm/xterm/css/xterm.css";
import "./Terminal.css";
import { Alert, Stack } from "@mantine/core";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal as Xterm } from "@xterm/xterm";
import { useEffect, useRef, useState } from "react";
import type { ShellSessionResponse } from "../api/client";
import { t } from "../i18n";
import { terminalDocument } from "./terminalDocument";

/** A live terminal in a container. */
export function Terminal({ ticket, ended }: { ticket: ShellSessionResponse; ended: () => void }) {
  const host = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState("");
  useEffect(() => {
    const terminal = new Xterm({
      cursorBlink: true,
      fontSize: 13,
      documentOverride: terminalDocument(),
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(host.current!);
    fit.fit();
    const url = new URL(ticket.ws_url, window.location.href);
    const socket = new WebSocket(
      `${url.protocol.replace("http", "ws")}//${url.host}${url.pathname}`,
    );
    socket.binaryType = "arraybuffer";
    const resize = () => {
      fit.fit();
      if (socket.readyState === WebSocket.OPEN)
        socket.send(JSON.stringify({ resize: [terminal.cols, terminal.rows] }));
    };
    socket.onopen = () => {
      socket.send(JSON.stringify({ ticket: ticket.session_token }));
      resize();
      terminal.focus();
    };
    socket.onmessage = ({ data }) =>
      terminal.write(typeof data === "string" ? data : new Uint8Array(data));
    socket.onclose = ({ reason }) => setOver(reason || t("The shell ended."));
    const encoder = new TextEncoder();
    terminal.onData((typed) => socket.send(encoder.encode(typed)));
    window.addEventListener("resize", resize);
    return () => {
      window.removeEventListener("resize", resize);
      socket.close();
      terminal.dispose();
    };
  }, [ticket]);
  return (
    <Stack>
      {over && (
        <Alert color="gray" withCloseButton onClose={ended} closeButtonLabel={t("Close")}>
          {over}
        </Alert>
      )}
      <div ref={host} className="terminal" />
    </Stack>
  );
}
