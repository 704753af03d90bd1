import { Container, Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { useBranding } from "../api/branding";

/** Names the browser's tab. */
export function useTitle(title: string) {
  const { event_name } = useBranding();
  useEffect(() => {
    document.title = title ? `${title} · ${event_name}` : event_name;
  }, [title, event_name]);
}

/** A page: its title, also the tab's; its actions; its content. */
export function Page({
  title,
  kind = "",
  lead,
  above,
  actions,
  children,
  size = "lg",
}: {
  title: string;
  /** Added to the tab's title where other pages have the same one. */
  kind?: string;
  lead?: ReactNode;
  above?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  size?: string | number;
}) {
  useTitle(kind ? `${title} · ${kind}` : title);
  return (
    <Container size={size} px={{ base: "sm", sm: "md" }} py={{ base: "md", sm: "lg" }}>
      <Stack gap="md">
        <div>
          {above}
          <Group justify="space-between" align="flex-start" gap="sm">
            <div className="grow">
              <Title order={1} size="h2" className="wrap">
                {title}
              </Title>
              {lead && (
                <Text component="div" c="dimmed" size="sm" className="wrap">
                  {lead}
                </Text>
              )}
            </div>
            {actions && <Group gap="xs">{actions}</Group>}
          </Group>
        </div>
        {children}
      </Stack>
    </Container>
  );
}
