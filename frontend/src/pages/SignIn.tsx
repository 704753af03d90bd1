import {
  Alert,
  Button,
  Card,
  Checkbox,
  Container,
  Divider,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { ApiError, api, http, type ProvidersResponse } from "../api/client";
import { forgetCaller, useMe } from "../api/me";
import { FieldInputs, useAnswers } from "../components/Fields";
import { useFilters } from "../components/filters";
import { A, ButtonLink } from "../components/links";
import { useTitle } from "../components/Page";
import { Redirect } from "../components/Redirect";
import { Loaded } from "../components/states";
import { type Message, t } from "../i18n";

/** A path on this server; anything else leads home. */
const onward = (back?: string) => (back?.startsWith("/") && !back.startsWith("//") ? back : "/");

function Frame({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <Container size={420} py={{ base: "lg", sm: 64 }}>
      <Card p="lg">
        <Stack>
          <Title order={1} size="h3">
            {title}
          </Title>
          {children}
        </Stack>
      </Card>
    </Container>
  );
}

/** A form's sending: busy, and what the server refused, whole and by field. */
function useSending<Result>(send: (values: Record<string, string>) => Promise<Result>) {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setBusy(true);
    setError(null);
    try {
      await send(values);
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : new ApiError(0, "error", String(caught)));
    } finally {
      setBusy(false);
    }
  };
  return { submit, busy, error, fields: error?.fields ?? {} };
}

function Refusal({ error }: { error: ApiError | null }) {
  if (!error || error.issues.length) return null;
  return (
    <Alert color="red" role="alert">
      {error.message}
    </Alert>
  );
}

function Email({ error }: { error?: string }) {
  return (
    <TextInput
      name="email"
      type="email"
      label={t("E-mail")}
      autoComplete="username"
      required
      withAsterisk={false}
      error={error}
    />
  );
}

function NewPassword({ label, error }: { label: string; error?: string }) {
  return (
    <PasswordInput
      name="password"
      label={label}
      description={t("At least twelve characters")}
      autoComplete="new-password"
      minLength={12}
      required
      withAsterisk={false}
      error={error}
    />
  );
}

/** What was refused; once a code is asked for, where it is typed. */
function SecondFactor({ error }: { error: ApiError | null }) {
  const [asked, setAsked] = useState(false);
  const wanted = error?.code === "totp_required";
  if (wanted && !asked) setAsked(true);
  return (
    <>
      {asked && (
        <TextInput
          name="code"
          label={t("Code of your authenticator")}
          description={t("Or one of your recovery codes")}
          autoComplete="one-time-code"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={64}
          required
          withAsterisk={false}
          autoFocus
        />
      )}
      {!wanted && <Refusal error={error} />}
    </>
  );
}

export function Login() {
  const me = useMe().data;
  const [{ back, error }] = useFilters();
  const navigate = useNavigate();
  const providers = api.useQuery("get", "/api/v1/auth/providers");
  const form = useSending(async ({ email = "", password = "", code = "" }) => {
    await http.POST("/api/v1/auth/login", {
      params: { query: { as_cookie: true } },
      body: { email, password, totp_code: code },
    });
    await forgetCaller();
    await navigate({ href: onward(back) });
  });
  if (me && error) return <NotLinked error={error} />;
  if (me && !form.busy) return <Redirect to={onward(back)} />;
  return (
    <Frame title={t("Sign in")}>
      {error && <NotSignedIn error={error} />}
      <Loaded query={providers} height={220}>
        {({ providers: others, password_auth, registration }) => (
          <>
            {password_auth.enabled !== false && (
              <form onSubmit={form.submit}>
                <Stack>
                  <Email error={form.fields.email} />
                  <PasswordInput
                    name="password"
                    label={t("Password")}
                    autoComplete="current-password"
                    required
                    withAsterisk={false}
                    error={form.fields.password}
                  />
                  <SecondFactor error={form.error} />
                  <Button type="submit" loading={form.busy}>
                    {t("Sign in")}
                  </Button>
                </Stack>
              </form>
            )}
            <Providers names={others.map(({ name }) => name)} back={onward(back)} />
            <Text size="sm" c="dimmed">
              {registration?.rule !== "closed" && (
                <>
                  {t("New here?")}{" "}
                  <A to="/register" search={{ back }}>
                    {t("Sign up")}
                  </A>
                  {" · "}
                </>
              )}
              <A to="/forgot">{t("Forgot the password?")}</A>
            </Text>
          </>
        )}
      </Loaded>
    </Frame>
  );
}

/** What may go wrong with an account elsewhere, by the API's word for it. */
const REFUSALS: Record<string, Message> = {
  oauth_missing_params: "The other side did not confirm who you are.",
  oauth_state_mismatch: "That was begun in another browser, or took too long.",
  oauth_link_session_expired: "That was begun in another browser, or took too long.",
  oauth_provider_failed: "The other side does not answer as it should.",
  provider_email_unverified: "Your e-mail address is not verified there.",
  account_email_missing: "The other account has no e-mail address.",
  email_taken:
    "There is an account with this e-mail address: sign in to it, and link the other one in its settings.",
  identity_taken: "The other account belongs to somebody else here.",
  account_suspended: "This account is suspended.",
  sign_up_closed: "Nobody signs up here: the organisers make the accounts.",
  registration_code_required: "You have no account here yet, and a new one takes a code: sign up.",
  registration_code_wrong: "This is not the organisers' code.",
  registration_domain_refused: "Your e-mail address is of no domain that accounts are for here.",
  rate_limit: "Too many tries. Wait a minute.",
};

function NotSignedIn({ error }: { error: string }) {
  return (
    <Alert color="red" role="alert" title={t("That did not work")}>
      {t(REFUSALS[error] ?? "Try again, or another way to sign in.")}
    </Alert>
  );
}

function NotLinked({ error }: { error: string }) {
  return (
    <Frame title={t("Linked accounts")}>
      <NotSignedIn error={error} />
      <ButtonLink to="/settings" search={{ tab: "signing-in" }} variant="default">
        {t("Settings")}
      </ButtonLink>
    </Frame>
  );
}

function Providers({ names, back, code = "" }: { names: string[]; back: string; code?: string }) {
  if (!names.length) return null;
  return (
    <>
      <Divider label={t("or")} />
      {names.map((name) => (
        <Button
          key={name}
          component="a"
          variant="default"
          href={`/api/v1/auth/login/${name}?${new URLSearchParams({
            redirect_to: back,
            ...(code && { registration_code: code }),
          })}`}
        >
          {t("Go on with {name}", { name })}
        </Button>
      ))}
    </>
  );
}

export function Register() {
  const [{ error }] = useFilters();
  const providers = api.useQuery("get", "/api/v1/auth/providers");
  return (
    <Frame title={t("Sign up")}>
      {error && <NotSignedIn error={error} />}
      <Loaded query={providers} height={300}>
        {(ways) => <SignUp ways={ways} />}
      </Loaded>
    </Frame>
  );
}

/** The form of who may sign up, by the rule that the organisers set. */
function SignUp({ ways }: { ways: ProvidersResponse }) {
  const [{ back }] = useFilters();
  const [code, setCode] = useState("");
  const { data: fields = [] } = api.useQuery("get", "/api/v1/fields");
  const { typed: answers, change } = useAnswers();
  const { rule, domains = [] } = ways.registration ?? {};
  const navigate = useNavigate();
  const form = useSending(async ({ email = "", password = "", display_name = "" }) => {
    const { data: asked } = await http.GET("/api/v1/auth/register/challenge");
    const { prove } = await import("./proof");
    const proof = asked?.bits ? await prove(asked.challenge ?? "", asked.bits) : "";
    await http.POST("/api/v1/auth/register", {
      params: { query: { as_cookie: true } },
      body: { email, password, display_name, proof, code, fields: answers },
    });
    await forgetCaller();
    await navigate({ href: onward(back) });
  });
  return (
    <>
      {rule === "closed" && (
        <Alert>{t("Nobody signs up here: the organisers make the accounts.")}</Alert>
      )}
      {rule === "domains" && (
        <Text size="sm" className="wrap">
          {t("For e-mail addresses of: {domains}", { domains: domains.join(", ") })}
        </Text>
      )}
      {rule === "code" && (
        <TextInput
          label={t("Code of the organisers")}
          description={t("Who has no account yet needs it")}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          maxLength={128}
          autoComplete="off"
          error={form.fields.code}
        />
      )}
      {rule !== "closed" && ways.password_auth?.enabled !== false && (
        <form onSubmit={form.submit}>
          <Stack>
            <TextInput
              name="display_name"
              label={t("Display name")}
              description={t("What others see")}
              autoComplete="nickname"
              maxLength={64}
              required
              withAsterisk={false}
              error={form.fields.display_name}
            />
            <Email error={form.fields.email} />
            <NewPassword label={t("Password")} error={form.fields.password} />
            <FieldInputs fields={fields} answers={answers} change={change} error={form.error} />
            <Refusal error={form.error} />
            <Button type="submit" loading={form.busy}>
              {t("Sign up")}
            </Button>
          </Stack>
        </form>
      )}
      {rule === "code" && (
        <Providers
          names={(ways.providers ?? []).map(({ name }) => name)}
          back={onward(back)}
          code={code}
        />
      )}
      <Text size="sm" c="dimmed">
        {t("You have an account?")}{" "}
        <A to="/login" search={{ back }}>
          {t("Sign in")}
        </A>
      </Text>
    </>
  );
}

export function Forgot() {
  const [sent, setSent] = useState(false);
  const form = useSending(async ({ email = "" }) => {
    await http.POST("/api/v1/auth/password/forgot", { body: { email } });
    setSent(true);
  });
  return (
    <Frame title={t("Forgot the password?")}>
      {sent ? (
        <Text>{t("If there is such an account, a link is on its way to it.")}</Text>
      ) : (
        <form onSubmit={form.submit}>
          <Stack>
            <TextInput
              name="email"
              type="email"
              label={t("E-mail")}
              required
              withAsterisk={false}
            />
            <Refusal error={form.error} />
            <Button type="submit" loading={form.busy}>
              {t("Send me a link")}
            </Button>
          </Stack>
        </form>
      )}
      <A to="/login" size="sm">
        {t("Sign in")}
      </A>
    </Frame>
  );
}

/** The secret of a mailed link: behind the #, so that it reaches no server's log. */
const mailed = () => new URLSearchParams(window.location.hash.slice(1)).get("token") ?? "";

export function Reset() {
  return <ByLink title={t("Set a new password")} />;
}

/** Where the link of an organiser leads: the first password of an account, or a new one. */
export function SetPassword() {
  return <ByLink title={t("Set your password")} />;
}

function ByLink({ title }: { title: string }) {
  const [token] = useState(mailed);
  const navigate = useNavigate();
  const form = useSending(async ({ password = "", code = "", ...also }) => {
    await http.POST("/api/v1/auth/password/reset", {
      params: { query: { as_cookie: true } },
      body: {
        token,
        new_password: password,
        totp_code: code,
        revoke_tokens: "tokens" in also,
        revoke_identities: "identities" in also,
      },
    });
    await forgetCaller();
    await navigate({ to: "/" });
  });
  return (
    <Frame title={title}>
      <form onSubmit={form.submit}>
        <Stack>
          <NewPassword label={t("New password")} error={form.fields.new_password} />
          <Checkbox name="tokens" label={t("Revoke every API token, too")} />
          <Checkbox name="identities" label={t("Unlink every account elsewhere, too")} />
          <SecondFactor error={form.error} />
          <Button type="submit" loading={form.busy}>
            {t("Set it and sign in")}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}

export function Verify() {
  const [outcome, setOutcome] = useState("");
  useEffect(() => {
    http
      .POST("/api/v1/auth/email/verify", { body: { token: mailed() } })
      .then(() => setOutcome(t("Your e-mail address is verified.")))
      .catch((error: Error) => setOutcome(error.message));
  }, []);
  return (
    <Frame title={t("Verify your e-mail address")}>
      <Text role="status">{outcome || t("One moment…")}</Text>
      <A to="/">{t("To the competitions")}</A>
    </Frame>
  );
}
