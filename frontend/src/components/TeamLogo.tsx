/** A team's logo before its name, where it has one; as high as a line. */
export function TeamLogo({ url }: { url?: string }) {
  if (!url) return null;
  return <img src={url} alt="" loading="lazy" className="team-logo" />;
}
