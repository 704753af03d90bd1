import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

/** Leads on to another address, once. (The router's own does it at every render.) */
export function Redirect({ to }: { to: string }) {
  const navigate = useNavigate();
  useEffect(() => void navigate({ href: to, replace: true }), [navigate, to]);
  return null;
}
