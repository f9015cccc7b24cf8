"""Names of request fields that model APIs publish: OpenAI, Anthropic, DeepSeek, vLLM and SGLang.

A name of this list may be recorded; any other is the client's own text. The list says nothing about
whether a field is passed on: a policy does (`docs/request-fields.md` explains the base policy).
"""

from __future__ import annotations

from typing import Final

PUBLISHED: Final = frozenset(
    """
    add_generation_prompt add_special_tokens allowed_token_ids audio background bad_words best_of
    bootstrap_host bootstrap_port bootstrap_room cache_salt chat_template chat_template_kwargs
    chat_template_kwargs.enable_thinking chat_template_kwargs.thinking container
    context_management continue_final_message conversation custom_logit_processor custom_params
    dimensions documents ebnf echo encoding_format frequency_penalty function_call functions
    guided_choice guided_decoding_backend guided_grammar guided_json guided_regex
    guided_whitespace_pattern ignore_eos include include_reasoning include_stop_str_in_output input
    instructions kv_transfer_params length_penalty logit_bias logits_processors logprobs lora_path
    max_completion_tokens max_output_tokens max_tokens max_tool_calls mcp_servers messages metadata
    min_p min_tokens mm_processor_kwargs modalities model n no_stop_trim output_config output_format
    parallel_tool_calls prediction prefix presence_penalty previous_response_id priority prompt
    prompt_cache_key prompt_cache_retention prompt_embeds prompt_logprobs reasoning
    reasoning_effort regex repetition_penalty request_id response_format return_hidden_states
    return_token_ids return_tokens_as_token_ids safety_identifier seed separate_reasoning
    service_tier session_params skip_special_tokens spaces_between_special_tokens stop stop_regex
    stop_sequences stop_token_ids store stream stream_options stream_reasoning structural_tag
    structured_outputs suffix system temperature text thinking tool_choice tools top_k top_logprobs
    top_p truncate_prompt_tokens truncation use_beam_search user verbosity vllm_xargs
    web_search_options
    """.split()
)
