import "./styles";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./api/queries";
import { loadLanguage } from "./i18n";
import { Branded } from "./layout/Branded";
import { router } from "./router";

// The page's own nonce: styles that libraries write are let through by it, and no others.
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
setNonce(nonce);

await loadLanguage();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Branded nonce={nonce}>
        <Notifications position="bottom-right" limit={4} />
        <RouterProvider router={router} />
      </Branded>
    </QueryClientProvider>
  </StrictMode>,
);
