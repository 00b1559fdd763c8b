"""The pure dialogue core: acts, state, tracking, references, policy, query. No models, no store.

One turn, in order (`assistant.assistant` runs it)::

    acts = answers.answered(state, text) or parser.parse(turn)
    acts = policy.doubt(acts, recognised=share_of_known_words)     # gibberish must not change the state
    state = tracker.track(state, acts)
    resolved = references.resolve(state, acts, text, cart=lines)
    decided = policy.decide(state, acts, resolved, facts)
    state = policy.apply(state, decided)
    queries = [query.for_act(state, act) for act in decided if it lists products]
    state = tracker.show(state, items, paging=...)                 # only where something is listed
    state = tracker.ask(state, question)                           # where the search itself raises a question
"""
