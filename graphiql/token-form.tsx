import { type FormEvent, useState } from "react";

export interface TokenFormProps {
  /** Why a token is asked for again; null the first time. */
  refusal: string | null;
  onToken: (token: string) => void;
}

/** Asks for the token. */
export function TokenForm({ refusal, onToken }: TokenFormProps) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onToken(text.trim());
  };
  return (
    <main className="middle">
      <form className="token-form" onSubmit={submit}>
        <h1>Rebake</h1>
        <p>This page runs queries, mutations and subscriptions against this server. It needs a token.</p>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          required
          pattern="\s*[!-~]+\s*"
          title="the token alone, without “Bearer” before it"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button className="accept" type="submit">
          Use this token
        </button>
        <p className="hint">
          The admin token is in the file <code>admin-token</code> of the server's home folder,{" "}
          <code>.rebake/admin-token</code> unless it was told another. This browser keeps it until you forget
          it.
        </p>
      </form>
    </main>
  );
}
