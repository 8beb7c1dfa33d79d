"""Conversations made up by hypothesis: few call ids, so that they repeat and pairs get mixed up."""

from hypothesis import strategies as st

from codex_rpc.history.compaction import summary_message
from codex_rpc.history.fragments import (
    developer_instructions,
    environment_context,
    turn_aborted,
    user_shell_command,
)
from codex_rpc.protocol.response_items import (
    ContentPart,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputImage,
    InputText,
    LocalShellAction,
    LocalShellCallItem,
    MessageItem,
    OutputText,
    ReasoningItem,
    ResponseItem,
    user_message,
)

IMAGE = InputImage(image_url="data:image/png;base64,iVBORw0KGgo=")

CONTEXT: list[ResponseItem] = [
    environment_context(shell="bash"),
    developer_instructions("Be brief."),
    turn_aborted(),
    user_shell_command("ls", 0, 0.1, "a\n"),
]

texts = st.text(max_size=300) | st.text(alphabet="aé€😀\ud800\n", max_size=300)
text_parts = st.builds(InputText, text=texts) | st.builds(OutputText, text=texts)
parts: st.SearchStrategy[list[ContentPart]] = st.lists(text_parts | st.just(IMAGE), max_size=6)
call_ids = st.sampled_from(["a", "b", "c"])

user_messages = st.builds(user_message, texts) | st.builds(
    MessageItem, role=st.just("user"), content=parts
)
calls = (
    st.builds(FunctionCallItem, name=st.just("shell"), arguments=st.just("{}"), call_id=call_ids)
    | st.builds(CustomToolCallItem, name=st.just("apply_patch"), input=texts, call_id=call_ids)
    | st.builds(
        LocalShellCallItem,
        action=st.just(LocalShellAction(command=["ls"])),
        call_id=st.none() | call_ids,
    )
)
outputs = st.builds(FunctionCallOutputItem, call_id=call_ids, output=texts | parts) | st.builds(
    CustomToolCallOutputItem, call_id=call_ids, output=texts | parts
)
answers = st.builds(
    MessageItem, role=st.just("assistant"), content=st.lists(text_parts, max_size=2)
)
reasoning = st.builds(ReasoningItem, encrypted_content=st.none() | st.text("AB", max_size=2_000))

items: st.SearchStrategy[ResponseItem] = (
    user_messages
    | calls
    | outputs
    | answers
    | reasoning
    | st.sampled_from(CONTEXT)
    | st.builds(summary_message, texts)
)
conversations = st.lists(items, max_size=12)
