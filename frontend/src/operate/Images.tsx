import { Button, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { api, type ImageInfo } from "../api/client";
import { Confirm } from "../components/Confirm";
import { Loaded } from "../components/states";
import { asItIs, Upload } from "../components/Upload";
import { t } from "../i18n";

/** The images that pages can show: upload, put into the text, delete. */
export function Images({ insert }: { insert: (image: ImageInfo) => void }) {
  const query = api.useQuery("get", "/api/v1/admin/images", { params: { query: { limit: 200 } } });
  const upload = api.useMutation("post", "/api/v1/admin/images");
  const remove = api.useMutation("delete", "/api/v1/admin/images/{image_id}");
  return (
    <Card component="section">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("Images")}
        </Title>
        <Upload
          label={t("Upload an image")}
          busy={upload.isPending}
          send={(file) =>
            upload.mutate({
              params: { query: { name: file.name.slice(0, 200) } },
              ...asItIs(file),
            })
          }
        />
      </Group>
      <Loaded query={query}>
        {({ items }) =>
          items.length ? (
            <SimpleGrid cols={{ base: 1, xs: 2, sm: 3 }}>
              {items.map((image) => (
                <Stack key={image.id} gap={4}>
                  <img
                    src={image.url}
                    alt={image.name || t("Image")}
                    loading="lazy"
                    style={{ maxWidth: "100%", maxHeight: 96, objectFit: "contain" }}
                  />
                  <Text size="xs" c="dimmed" className="wrap">
                    {image.name} {image.width} × {image.height}
                  </Text>
                  <Group gap={4}>
                    <Button
                      size="compact-xs"
                      variant="default"
                      onClick={() => insert(image)}
                      aria-label={t("Insert {name}", { name: image.name || t("Image") })}
                    >
                      {t("Insert")}
                    </Button>
                    <Confirm
                      size="compact-xs"
                      label={t("Delete")}
                      question={t("Delete {title}?", { title: image.name || t("Image") })}
                      act={() => remove.mutate({ params: { path: { image_id: image.id } } })}
                    >
                      {t("Pages that show it have a gap then.")}
                    </Confirm>
                  </Group>
                </Stack>
              ))}
            </SimpleGrid>
          ) : (
            <Text size="sm" c="dimmed">
              {t("PNG, JPEG or WebP, up to 4 MB")}
            </Text>
          )
        }
      </Loaded>
    </Card>
  );
}
