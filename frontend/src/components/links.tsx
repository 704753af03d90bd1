import {
  ActionIcon,
  type ActionIconProps,
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";

type Link<Props> = Props & Omit<ComponentPropsWithRef<"a">, keyof Props>;

/** The component library's elements as links of the router. */
export const A = createLink((props: Link<AnchorProps>) => <Anchor {...props} />);
export const ButtonLink = createLink((props: Link<ButtonProps>) => (
  <Button component="a" {...props} />
));
export const IconLink = createLink((props: Link<ActionIconProps>) => (
  <ActionIcon component="a" {...props} />
));
export const NavTo = createLink((props: Link<NavLinkProps>) => <NavLink {...props} />);
