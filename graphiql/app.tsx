import { useEffect, useState } from "react";
import { Explorer } from "./explorer.js";
import { openSession, type Session } from "./session.js";
import { TokenForm } from "./token-form.js";
import { tokenStore } from "./token-store.js";

type State =
  | { is: "without a token"; why: string | null }
  | { is: "asking"; token: string }
  | { is: "unreachable"; token: string; why: string }
  | { is: "open"; session: Session };

function begin(): State {
  const token = tokenStore.read();
  return token === null ? { is: "without a token", why: null } : { is: "asking", token };
}

/** The whole page: asks for a token unless this browser has one, then shows GraphiQL. */
export function App() {
  const [state, setState] = useState(begin);
  const leave = (why: string | null) => {
    tokenStore.forget();
    setState({ is: "without a token", why });
  };

  const asked = state.is === "asking" ? state.token : null;
  useEffect(() => {
    if (asked !== null) {
      present(asked, setState);
    }
  }, [asked]);

  const session = state.is === "open" ? state.session : null;
  useEffect(() => () => session?.close(), [session]);

  switch (state.is) {
    case "open":
      return <Explorer session={state.session} onForget={() => leave(null)} />;
    case "asking":
      return (
        <main className="middle">
          <p>Asking the server…</p>
        </main>
      );
    case "unreachable":
      return (
        <main className="middle">
          <p role="alert">{state.why}</p>
          <button
            className="accept"
            type="button"
            onClick={() => setState({ is: "asking", token: state.token })}
          >
            Try again
          </button>
        </main>
      );
    case "without a token":
      return <TokenForm refusal={state.why} onToken={(token) => setState({ is: "asking", token })} />;
  }
}

async function present(token: string, setState: (state: State) => void): Promise<void> {
  const refuse = (why: string) => {
    tokenStore.forget();
    setState({ is: "without a token", why });
  };
  const opened = await openSession(token, refuse);
  if ("refused" in opened) {
    refuse(opened.refused);
  } else if ("unreachable" in opened) {
    setState({ is: "unreachable", token, why: opened.unreachable });
  } else {
    tokenStore.keep(token);
    setState({ is: "open", session: opened.session });
  }
}
